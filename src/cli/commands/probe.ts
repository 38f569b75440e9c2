/** `fsbridge probe`: shows the volumes of disks and images. */
import type { Command } from 'commander';
import { type ListedDisk, listDisks } from '../../block/list-disks.ts';
import { FsBridgeError } from '../../errors.ts';
import { interruption } from '../../host/interrupt.ts';
import { escapeName } from '../../observe/display-names.ts';
import { describeError, PartlyFailed, report } from '../../observe/messages.ts';
import type { Kernel } from '../../vfs-linux/kernel.ts';
import { isMountable, type VolumeEntry } from '../../volumes/choose-volume.ts';
import { mountVolume } from '../../volumes/mount-volume.ts';
import type { OpenVolumes } from '../../volumes/open-volumes.ts';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { formatSize, formatTable } from '../format.ts';
import { newCommand, withKernelOptions } from '../options.ts';
import { output } from '../output.ts';
import { openToRead, withKernel } from '../with-volume.ts';

/** One volume as --json prints it; a fact that is not known is null. */
interface ProbedVolume {
  readonly id: string;
  /** Whether commands take it when --volume is not given. */
  readonly primary: boolean;
  readonly kind: string | null;
  readonly type: string | null;
  readonly label: string | null;
  readonly uuid: string | null;
  readonly version: string | null;
  readonly partitionName: string | null;
  readonly partitionUuid: string | null;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly usedBytes: number | null;
  readonly state: string;
  readonly stateReason: string | null;
  readonly mountable: boolean;
  /** Why it could not be mounted: the errno's name, and the reason. */
  readonly mountError: { readonly code: string; readonly why: string } | null;
  readonly alsoFound: readonly string[];
}

interface ProbedSource {
  readonly source: string;
  /** The model of a disk of this computer; null for a source that was named. */
  readonly model: string | null;
  readonly sizeBytes: number;
  readonly volumes: readonly ProbedVolume[];
}

type Usage = Pick<ProbedVolume, 'usedBytes' | 'mountable' | 'mountError'>;

/** How full a volume is: from the mounted file system, or else from its superblock. */
async function usageOf(kernel: Kernel, source: string, entry: VolumeEntry): Promise<Usage> {
  const recorded = entry.detected?.usedBytes ?? null;
  if (!isMountable(entry)) return { usedBytes: recorded, mountable: false, mountError: null };
  try {
    const volume = await mountVolume(kernel, source, entry, { readOnly: true });
    try {
      const { blocks, bfree, frsize } = await volume.statfs();
      return { usedBytes: (blocks - bfree) * frsize, mountable: true, mountError: null };
    } finally {
      await volume.close();
    }
  } catch (error) {
    const { code, why } = describeError(error, source);
    return { usedBytes: recorded, mountable: false, mountError: { code, why } };
  }
}

async function probeVolume(
  kernel: Kernel,
  source: string,
  entry: VolumeEntry,
): Promise<ProbedVolume> {
  const { detected } = entry;
  return {
    id: entry.id,
    primary: entry.primary,
    kind: detected?.kind ?? null,
    type: detected?.type ?? null,
    label: detected?.label ?? null,
    uuid: detected?.uuid ?? null,
    version: detected?.version ?? null,
    partitionName: entry.partitionName ?? null,
    partitionUuid: entry.partitionUuid ?? null,
    offsetBytes: entry.offsetBytes,
    sizeBytes: entry.sizeBytes,
    state: detected?.state ?? 'unknown',
    stateReason: detected?.stateReason ?? null,
    alsoFound: detected?.alsoFound ?? [],
    ...(await usageOf(kernel, source, entry)),
  };
}

/**
 * Each source gets its own kernel, so that a disk that kills a kernel does not affect the next one.
 */
function probeSource(source: string, options: VolumeOptions): Promise<ProbedSource> {
  return withKernel(options, async (kernel) => {
    const opened: OpenVolumes = await openToRead(kernel, source);
    try {
      const volumes: ProbedVolume[] = [];
      for (const entry of opened.volumes) {
        if (interruption.aborted) throw interruption.reason;
        volumes.push(await probeVolume(kernel, source, entry));
      }
      return { source, model: null, sizeBytes: opened.source.base.sizeBytes, volumes };
    } finally {
      await opened.close();
    }
  });
}

/** Text of a table: escaped for a terminal, as a label may hold any bytes. */
function shown(text: string | null): string {
  if (text === null) return '-';
  return output.isTerminal ? escapeName(Buffer.from(text)) : text.replaceAll('\n', '\\n');
}

function noteOf(volume: ProbedVolume): string[] {
  const notes: string[] = [];
  if (volume.stateReason !== null) notes.push(volume.stateReason);
  if (volume.mountError !== null) {
    notes.push(`${volume.mountError.why} (${volume.mountError.code})`);
  }
  if (volume.alsoFound.length > 0) notes.push(`also found: ${volume.alsoFound.join(', ')}`);
  if (volume.kind === 'container' || volume.kind === 'member') {
    notes.push('the volumes inside cannot be opened yet');
  }
  return notes.map((note) => `  ${volume.id}: ${note}`);
}

async function printSource(probed: ProbedSource): Promise<void> {
  const model = probed.model === null || probed.model === '' ? '' : ` (${shown(probed.model)})`;
  await output.line(`${probed.source}${model}: ${formatSize(probed.sizeBytes)}`);
  const head = ['ID', 'TYPE', 'LABEL', 'UUID', 'SIZE', 'USED', 'STATE'];
  const rows = probed.volumes.map((volume) => [
    volume.id,
    shown(volume.type),
    shown(volume.label ?? volume.partitionName),
    shown(volume.uuid),
    formatSize(volume.sizeBytes),
    volume.usedBytes === null ? 'unknown' : formatSize(volume.usedBytes),
    volume.type === null ? 'not recognised' : volume.state,
  ]);
  for (const line of formatTable([head, ...rows], new Set([4, 5]))) await output.line(`  ${line}`);
  for (const volume of probed.volumes) {
    for (const note of noteOf(volume)) await output.line(note);
  }
}

/** The sources that were named, or all disks of this computer. */
async function disksToProbe(sources: readonly string[]): Promise<readonly ListedDisk[]> {
  if (sources.length > 0) return sources.map((name) => ({ name, model: '' }));
  const disks = await listDisks();
  if (disks.length > 0) return disks;
  throw new FsBridgeError(
    'ERR_NO_DISKS',
    'this computer',
    'no disk is visible from here',
    'Pass a disk into the container, or name an image file.',
  );
}

async function probe(sources: readonly string[], options: VolumeOptions): Promise<void> {
  const all: ProbedSource[] = [];
  let failed = 0;
  for (const { name, model } of await disksToProbe(sources)) {
    try {
      const found = await probeSource(name, options);
      const probed = sources.length > 0 ? found : { ...found, model };
      if (options.json === true) {
        all.push(probed);
      } else {
        if (all.push(probed) > 1) await output.line('');
        await printSource(probed);
      }
    } catch (error) {
      if (!(error instanceof FsBridgeError)) throw error;
      report(error);
      failed++;
    }
  }
  if (options.json === true) await output.jsonLine(JSON.stringify(all, undefined, 2));
  if (failed > 0) throw new PartlyFailed(failed);
}

const notes = `
USED comes from the mounted file system; mounting it here changes nothing. STATE is how the volume
was left: clean, dirty (not unmounted, or its journal has to be replayed), errors (damage was
recorded). --volume takes an ID, a label or a UUID from this list.
Without a source the disks of this computer are shown. Reading them needs root or the group disk on
Linux, and an administrator's terminal on Windows.`;

export function probeCommand(): Command {
  const command = newCommand('probe', 'show what is on disks and images', [
    'probe                  # all disks of this computer',
    'probe disk.img',
    'probe --json *.img',
    'probe /dev/sdb',
  ]);
  return withKernelOptions(command)
    .argument('[source...]', 'image files or disks (default: all disks of this computer)')
    .option('--json', 'print an array of JSON objects, one a source')
    .addHelpText('after', notes)
    .action(probe);
}

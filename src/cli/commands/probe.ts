/** `fsbridge probe`: what is on a disk. */
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

/** One volume as --json prints it; null where something is not known. */
interface ProbedVolume {
  readonly id: string;
  /** Whether it is taken when --volume is not given. */
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
  /** What a disk of this computer calls itself; null for a source that was named. */
  readonly model: string | null;
  readonly sizeBytes: number;
  readonly volumes: readonly ProbedVolume[];
}

type Usage = Pick<ProbedVolume, 'usedBytes' | 'mountable' | 'mountError'>;

/** How full a volume is: asked of the mounted file system, or else of its superblock. */
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

/** Every source gets a kernel of its own: what kills it on one disk does not concern the next. */
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

/** A label may hold anything; a table on a terminal may not. */
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

async function tellSource(probed: ProbedSource): Promise<void> {
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

/** What was named, or all disks of this computer. */
async function disksToProbe(sources: readonly string[]): Promise<readonly ListedDisk[]> {
  if (sources.length > 0) return sources.map((name) => ({ name, model: '' }));
  const disks = await listDisks();
  if (disks.length > 0) return disks;
  throw new FsBridgeError(
    'ERR_NO_DISKS',
    'this computer',
    'no disk of it is seen from here',
    'In a container it has to be passed in; or name an image file.',
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
        await tellSource(probed);
      }
    } catch (error) {
      if (!(error instanceof FsBridgeError)) throw error;
      report(error);
      failed++;
    }
  }
  if (options.json === true) await output.line(JSON.stringify(all, undefined, 2));
  if (failed > 0) throw new PartlyFailed(failed);
}

const notes = `
USED is what the mounted file system says; nothing is changed by that. STATE is how it was left:
clean, dirty (not unmounted, or its journal waits), errors (damage was recorded). --volume takes an
ID, a label or a UUID from here.
Without a source the disks of this computer are shown. To read them, Linux wants you to be root or in
the group disk, Windows an administrator's terminal.`;

export function probeCommand(): Command {
  const command = newCommand('probe', 'show what is on disks and images', [
    'probe                  # all disks of this computer',
    'probe disk.img',
    'probe --json *.img',
    'probe /dev/sdb',
  ]);
  return withKernelOptions(command)
    .argument('[source...]', 'image files or disks; all disks of this computer without')
    .option('--json', 'print an array of JSON objects, one a source')
    .addHelpText('after', notes)
    .action(probe);
}

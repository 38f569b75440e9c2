/**
 * What a command on a volume stands on: a kernel, the opened source, the mounted volume; and their
 * end, which is part of the command: what could not be written out is its failure.
 *
 * Life: boot -> open -> choose -> mount -> use -> sync (--rw) -> unmount -> detach -> close. An
 * error or an interruption at any place goes straight to the closing of what is open by then.
 */

import { interruption } from '../host/interrupt.ts';
import { report, warn } from '../observe/messages.ts';
import { trace } from '../observe/trace.ts';
import { TracedDevice } from '../observe/traced-device.ts';
import { Kernel } from '../vfs-linux/kernel.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { chooseVolume, type VolumeEntry } from './choose-volume.ts';
import { mountVolume } from './mount-volume.ts';
import { OpenVolumes } from './open-volumes.ts';

/** Which volume of a source is meant, and how it is mounted: the command line's common options. */
export interface VolumeOptions {
  readonly volume?: string;
  readonly type?: string;
  readonly options?: string;
  readonly device?: readonly string[];
  readonly memory?: number;
  readonly rw?: boolean;
  readonly readOnly?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

/** Boots a kernel with the memory that was asked for; --verbose shows its log. */
function bootKernel(options: VolumeOptions): Promise<Kernel> {
  return Kernel.boot({
    ...(options.memory === undefined ? {} : { memoryBytes: options.memory }),
    ...(options.verbose === true ? { onLog: (line) => process.stderr.write(`${line}\n`) } : {}),
  });
}

/** Throws where the command was interrupted. */
function checkInterruption(): void {
  if (interruption.aborted) throw interruption.reason;
}

/** Opens a source, and says aloud what there is to know about it. */
export async function openVolumes(
  kernel: Kernel,
  source: string,
  write: boolean,
): Promise<OpenVolumes> {
  checkInterruption();
  const opened = await OpenVolumes.open(kernel, source, write, (device) =>
    trace.isOn ? new TracedDevice(device) : device,
  );
  for (const warning of opened.source.warnings) warn(warning);
  return opened;
}

/** Ends things in their order; goes on after a failure, and throws the first one. */
async function endAll(steps: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) await step().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

/**
 * `use`, and then `end` in any case. Where both fail, the failure of the end is reported at once.
 */
async function useAndEnd<T>(use: () => Promise<T>, end: () => Promise<void>): Promise<T> {
  let result: T;
  try {
    result = await use();
  } catch (error) {
    // A dead kernel says the same to everybody.
    await end().catch((second: unknown) => (second === error ? undefined : report(second)));
    throw error;
  }
  await end();
  return result;
}

/** Boots a kernel for `use`; afterwards everything on it is unmounted and taken away. */
export function withKernel<T>(
  options: VolumeOptions,
  use: (kernel: Kernel) => Promise<T>,
): Promise<T> {
  return bootKernel(options).then((kernel) =>
    useAndEnd(
      () => use(kernel),
      () => kernel.close(),
    ),
  );
}

/** The member of a file system of several disks that lies on this source. */
function memberOn(opened: OpenVolumes, of: VolumeEntry): VolumeEntry {
  const fsUuid = of.detected?.members?.fsUuid;
  const same = opened.volumes.find(
    ({ detected }) => fsUuid !== undefined && detected?.members?.fsUuid === fsUuid,
  );
  return same ?? chooseVolume(opened.name, opened.volumes, undefined, true);
}

/**
 * Mounts the volume that the options mean for `use`. With --rw what was written is on the disk when
 * this resolves; an error in writing it out, or in unmounting, is thrown.
 */
export function withVolume<T>(
  source: string,
  options: VolumeOptions,
  use: (volume: Volume, entry: VolumeEntry) => Promise<T>,
): Promise<T> {
  const write = options.rw === true;
  return withKernel(options, async (kernel) => {
    const sources: OpenVolumes[] = [];
    let volume: Volume | undefined;
    const end = (): Promise<void> =>
      endAll([
        async () => (write ? volume?.syncfs() : undefined),
        async () => volume?.close(),
        ...sources.map((opened) => () => opened.close()),
      ]);
    return useAndEnd(async () => {
      const main = await openVolumes(kernel, source, write);
      sources.push(main);
      const { type, options: mountOptions } = options;
      const entry = chooseVolume(source, main.volumes, options.volume, type !== undefined);
      const members: string[] = [];
      for (const further of options.device ?? []) {
        const opened = await openVolumes(kernel, further, write);
        sources.push(opened);
        const member = memberOn(opened, entry);
        if (write) opened.source.claim(member.offsetBytes, member.sizeBytes);
        members.push(member.device);
      }
      checkInterruption();
      if (write) main.source.claim(entry.offsetBytes, entry.sizeBytes);
      const mounted = await mountVolume(kernel, source, entry, {
        ...(type === undefined ? {} : { type }),
        ...(mountOptions === undefined ? {} : { options: mountOptions }),
        readOnly: !write,
        members,
      });
      volume = mounted;
      checkInterruption();
      return await use(mounted, entry);
    }, end);
  });
}

/**
 * What a command on a volume needs: a kernel, the opened source, the mounted volume; and their end,
 * which belongs to the command: data that could not be written out is the command's failure.
 *
 * Life: boot -> open -> choose -> mount -> use -> sync (--rw) -> unmount -> detach -> close. An
 * error or an interruption at any place leads straight to the closing of what is open by then.
 */

import { interruption } from '../host/interrupt.ts';
import { escapeText } from '../observe/display-names.ts';
import { trace } from '../observe/trace.ts';
import { TracedDevice } from '../observe/traced-device.ts';
import { severity } from '../vfs-linux/console-log.ts';
import { Kernel } from '../vfs-linux/kernel.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { checkVolumeOptions } from './check-options.ts';
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
    ...(options.verbose === true
      ? { onLog: (line) => process.stderr.write(`${escapeText(line)}\n`) }
      : {}),
  });
}

/** Throws the interruption, if there was one. */
function checkInterruption(): void {
  if (interruption.aborted) throw interruption.reason;
}

/** What a person has to know besides the result. */
export interface VolumeMessages {
  /** A whole sentence. */
  readonly onWarning: (sentence: string) => void;
  /** A failure after the one that is thrown: the end failed as well. */
  readonly onFurtherError: (error: unknown) => void;
  /** Errors that stand in the kernel's log alone, as no call failed: a damaged directory, say. */
  readonly onKernelErrors?: (source: string, lines: readonly string[]) => void;
}

/** Opens a source on this kernel. */
export async function openVolumes(
  kernel: Kernel,
  source: string,
  write: boolean,
  messages: VolumeMessages,
): Promise<OpenVolumes> {
  checkInterruption();
  const opened = await OpenVolumes.open(kernel, source, write, {
    wrap: (device) => (trace.isOn ? new TracedDevice(device) : device),
    onWarning: messages.onWarning,
  });
  for (const warning of opened.source.warnings) messages.onWarning(warning);
  return opened;
}

/** The errors of a disposal in the order in which they occurred. */
function errorsInOrder(error: unknown): unknown[] {
  if (!(error instanceof SuppressedError)) return [error];
  return [...errorsInOrder(error.suppressed), ...errorsInOrder(error.error)];
}

/**
 * Runs `use`, and afterwards in any case what `use` put on the stack, the last first; a failure
 * there does not keep the rest from being run. Throws the first error.
 */
async function withEnds<T>(
  messages: VolumeMessages,
  use: (ends: AsyncDisposableStack) => Promise<T>,
): Promise<T> {
  try {
    await using ends = new AsyncDisposableStack();
    return await use(ends);
  } catch (thrown) {
    // A dead kernel answers every call with one and the same error.
    const [first, second] = new Set(errorsInOrder(thrown));
    if (second !== undefined) messages.onFurtherError(second);
    throw first;
  }
}

/** Boots a kernel for `use`; afterwards everything on it is unmounted and detached. */
export function withKernel<T>(
  options: VolumeOptions,
  messages: VolumeMessages,
  use: (kernel: Kernel) => Promise<T>,
): Promise<T> {
  return withEnds(messages, async (ends) => use(ends.use(await bootKernel(options))));
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
 * Errors in the kernel's log from the mount on. While it mounts, a type that is tried in vain may
 * print an error, so only what is critical counts until a volume is there.
 */
class KernelErrors {
  readonly #kernel: Kernel;
  readonly #beginMark: number;
  #mountedMark: number | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#beginMark = kernel.log.mark();
  }

  mounted(): void {
    this.#mountedMark = this.#kernel.log.mark();
  }

  /**
   * None where nothing was mounted, or the kernel itself failed: the error that is thrown tells.
   */
  lines(): readonly string[] {
    const { log, failure } = this.#kernel;
    if (this.#mountedMark === undefined || failure !== undefined) return [];
    const mounting = log.severe(severity.critical, this.#beginMark, this.#mountedMark);
    return [...mounting, ...log.severe(severity.error, this.#mountedMark)];
  }
}

/**
 * Mounts the volume that the options name for `use`. With --rw everything that was written is on
 * the disk when this resolves; an error in writing it out, or in unmounting, is thrown. Throws
 * ERR_USAGE where the mount options contradict --rw, or are not for the file system.
 */
export function withVolume<T>(
  source: string,
  options: VolumeOptions,
  messages: VolumeMessages,
  use: (volume: Volume, entry: VolumeEntry) => Promise<T>,
): Promise<T> {
  const { type, options: mountOptions, rw: write = false } = options;
  return withEnds(messages, async (ends) => {
    checkVolumeOptions(mountOptions ?? '', write);
    const kernel = ends.use(await bootKernel(options));
    const main = ends.use(await openVolumes(kernel, source, write, messages));
    const entry = chooseVolume(source, main.volumes, options.volume, type !== undefined);
    const members: string[] = [];
    for (const further of options.device ?? []) {
      const opened = ends.use(await openVolumes(kernel, further, write, messages));
      const member = memberOn(opened, entry);
      if (write) opened.source.claim(member.offsetBytes, member.sizeBytes);
      members.push(member.device);
    }
    checkInterruption();
    const kernelErrors = new KernelErrors(kernel);
    // Runs when the volume is unmounted, and before its sources are closed.
    ends.defer(async () => {
      const lines = kernelErrors.lines();
      if (lines.length > 0) messages.onKernelErrors?.(source, lines);
    });
    if (write) main.source.claim(entry.offsetBytes, entry.sizeBytes);
    const volume = await mountVolume(kernel, source, entry, {
      ...(type === undefined ? {} : { type }),
      ...(mountOptions === undefined ? {} : { options: mountOptions }),
      readOnly: !write,
      members,
    });
    kernelErrors.mounted();
    ends.use(volume);
    if (write) ends.defer(() => volume.syncfs());
    checkInterruption();
    return await use(volume, entry);
  });
}

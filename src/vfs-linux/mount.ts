/** Mounts what is on a disk, and unmounts it: mount(2) and umount2(2) of the kernel inside. */
import { setTimeout } from 'node:timers/promises';
import { FsBridgeError } from '../errors.ts';
import { abi, errno } from './abi.gen.ts';
import { sync } from './calls/encode.ts';
import * as encode from './calls/encode-control.ts';
import { LinuxCalls } from './calls.ts';
import { isErrno, negative } from './errno.ts';
import { errnoMeaning, errnoName } from './errors.ts';
import { traitsOf } from './file-system-traits.ts';
import type { Machine } from './machine.ts';
import { keysOfOptions, parseMountOptions, withUtf8Names } from './mount-options.ts';
import { kernelItself } from './request-ring.ts';
import { Volume } from './volume.ts';

export interface MountRequest {
  /** A device of the kernel's: `disk.name`, `disk.partitions[0].name`, such as "disk0p1". */
  readonly device: string;
  /** The file system types to try, in this order. */
  readonly types: readonly string[];
  /** mount(8)'s options. Names are UTF-8 unless these choose another charset. */
  readonly options?: string;
  readonly readOnly?: boolean;
}

const unmountAttempts = 20;
const unmountPauseMs = 50;
/** Lines of the kernel's log that the error of a failed mount shows. */
const shownLogLines = 5;

/**
 * Mounts at `target`, which it makes, the first of the types that the kernel takes. `onClosed` is
 * called when the volume begins to unmount. Throws ERR_USAGE where `rw` or `ro` among the options
 * contradicts `readOnly`, or the kernel's errno (that of the first type which did not say "not
 * mine", EINVAL) with the last lines of the kernel's log.
 */
export async function mountVolume(
  machine: Machine,
  request: MountRequest,
  target: string,
  onClosed: (volume: Volume) => void,
): Promise<Volume> {
  const { calls } = machine;
  const readOnly = request.readOnly ?? true;
  checkAccess(request.options ?? '', readOnly);
  // nodev: a device node on a stranger's disk must not open the disks of this kernel.
  const { flags, data } = parseMountOptions(
    request.options ?? '',
    abi.MS_NODEV | (readOnly ? abi.MS_RDONLY : abi.MS_NOATIME),
  );
  machine.check(await calls.mkdirat(abi.AT_FDCWD, target, 0o755), target);
  let refusal = negative(errno.ENODEV);
  const mark = machine.log.mark();
  for (const type of request.types) {
    const ret = await mount(machine, {
      source: `/dev/${request.device}`,
      target,
      type,
      flags,
      data: withUtf8Names(data, traitsOf(type).utf8Options ?? []),
    });
    if (!isErrno(ret)) {
      const mounted = { device: request.device, type, target, flags };
      return openVolume(machine, mounted, onClosed);
    }
    if (refusal === -errno.ENODEV || refusal === -errno.EINVAL) refusal = ret;
  }
  await calls.unlinkat(abi.AT_FDCWD, target, abi.AT_REMOVEDIR);
  if (machine.failure !== undefined) throw machine.failure;
  const said = machine.log.since(mark).slice(-shownLogLines);
  throw new FsBridgeError(
    errnoName(refusal),
    request.device,
    `cannot be mounted as ${request.types.join(' or ')}: ${errnoMeaning(refusal)}`,
    said.length > 0 ? `The kernel said:\n  ${said.join('\n  ')}` : undefined,
  );
}

/** `readOnly` alone decides: over a source that is open for reading, writes would be lost. */
function checkAccess(options: string, readOnly: boolean): void {
  const word = readOnly ? 'rw' : 'ro';
  if (!keysOfOptions(options).includes(word)) return;
  const why = `"${word}" contradicts readOnly: ${readOnly}`;
  throw new FsBridgeError('ERR_USAGE', 'options', why, 'Say it with readOnly alone.');
}

function mount(machine: Machine, mounted: encode.MountArguments): Promise<number> {
  if (!encode.mountFits(mounted)) return Promise.resolve(negative(errno.EINVAL));
  return machine.ring.call(kernelItself, (slot) => encode.mount(slot, mounted));
}

interface Mounted {
  readonly device: string;
  readonly type: string;
  readonly target: string;
  readonly flags: number;
}

async function openVolume(
  machine: Machine,
  { device, type, target, flags }: Mounted,
  onClosed: (volume: Volume) => void,
): Promise<Volume> {
  const openFlags = abi.O_PATH | abi.O_DIRECTORY | abi.O_CLOEXEC;
  const root = await machine.calls.openat2(abi.AT_FDCWD, target, openFlags);
  machine.check(root, device);
  machine.calls.opened.delete(root);
  const readOnly = (flags & abi.MS_RDONLY) !== 0;
  // The process stays until the dirty pages are written.
  const letGoOfProcess = readOnly ? undefined : machine.keepProcess();
  const calls = new LinuxCalls(machine.ring, { root, cred: 0, umask: 0 });
  const volume = new Volume({ kernel: machine, device, type, readOnly, calls }, async () => {
    onClosed(volume);
    letGoOfProcess?.();
    await machine.calls.close(root);
    const ret = await unmount(machine, target);
    // Even if the unmount failed, all that was written must be on the disk.
    if (ret < 0) await machine.ring.call(kernelItself, sync);
    await machine.calls.unlinkat(abi.AT_FDCWD, target, abi.AT_REMOVEDIR);
    machine.check(ret, device);
  });
  return volume;
}

/** Unmounts; waits a little for requests that are still under way on the volume. */
async function unmount(machine: Machine, target: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const ret = await machine.ring.call(kernelItself, (slot) => encode.umount2(slot, target, 0));
    if (ret !== -errno.EBUSY || attempt === unmountAttempts) return ret;
    await setTimeout(unmountPauseMs);
  }
}

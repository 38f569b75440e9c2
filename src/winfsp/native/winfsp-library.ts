/**
 * winfsp-x64.dll and winfsp-a64.dll: the functions of WinFsp's DLL that fsbridge calls, each with the
 * DLL's own name and answering an NTSTATUS (inc/winfsp/fsctl.h, inc/winfsp/launch.h).
 *
 * The DLL is the one that the user has installed; fsbridge brings none along. Its functions are only
 * wrappers around the driver's control codes, so that every call is a system call and none of it runs
 * on a thread of WinFsp's.
 *
 * Invariant: buffers that are handed in stay where they are for the duration of the call, and what
 * must outlive it (FspMountSet's strings) is kept by the caller.
 */
import { Buffer } from 'node:buffer';
import { type NtStatus, STATUS, toNtStatus } from '../../fsbridge/translate/ntstatus.ts';
import { mountDesc } from '../wire/layouts.ts';

/** FSP_FSCTL_VOLUME_NAME_SIZEMAX */
const volumeNameBytes = 512;
const mountPointBytes = 1024;

/** A HANDLE, as a number that holds all its bits. */
export type Handle = bigint;

export interface CreatedVolume {
  readonly status: NtStatus;
  readonly handle: Handle;
  /** Such as \Device\Volume{...}, in UTF-16 with a NUL. */
  readonly name: Buffer;
}

/** What FspMountRemove needs: it belongs to the DLL until then. */
export interface SetMount {
  readonly status: NtStatus;
  /** The mount point; for "*:" the letter that was chosen. */
  readonly mountPoint: string;
  remove(): NtStatus;
}

export interface WinFspLibrary {
  readonly path: string;
  /** Product version, high word and low word: 2.2 is 0x20002. 0 where the DLL does not say. */
  readonly version: number;
  createVolume(devicePath: string, volumeParams: Buffer): CreatedVolume;
  /** FspFsctlTransact with responses alone: hands them to the driver, and comes back at once. */
  respond(volume: Handle, responses: Buffer, lengthBytes: number): NtStatus;
  /** FspFsctlTransact with nothing at all: from now on the driver takes requests. */
  ready(volume: Handle): NtStatus;
  /** Waiting Transact calls return with STATUS_CANCELLED; requests under way may still be answered. */
  stop0(volume: Handle): NtStatus;
  stop(volume: Handle): NtStatus;
  /** FspFsctlNotify; undefined begins and an empty record ends a series. */
  notify(volume: Handle, records: Buffer | undefined): NtStatus;
  setMount(volume: Handle, volumeName: Buffer, mountPoint: string): SetMount;
  /** The volume goes with its last handle. */
  closeHandle(volume: Handle): void;
}

type Call = (...args: readonly unknown[]) => number;

function zeroTerminated(text: string, sizeBytes: number = text.length * 2 + 2): Buffer {
  const bytes = Buffer.alloc(Math.max(sizeBytes, text.length * 2 + 2));
  bytes.write(text, 'utf16le');
  return bytes;
}

function readZeroTerminated(bytes: Buffer): string {
  const text = bytes.toString('utf16le');
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Loads a DLL, or a stand-in with the same functions. Throws what koffi throws. */
export async function loadWinFsp(path: string): Promise<WinFspLibrary> {
  const { default: koffi } = await import('koffi');
  const dll = koffi.load(path);
  const status = (name: string, types: readonly string[]): ((...args: unknown[]) => NtStatus) => {
    const call = dll.func(name, 'int32', [...types]) as Call;
    return (...args) => toNtStatus(call(...args));
  };
  const createVolume = status('FspFsctlCreateVolume', [
    'str16',
    'void *',
    'void *',
    'size_t',
    'void *',
  ]);
  const transact = status('FspFsctlTransact', [
    'uintptr_t',
    'void *',
    'size_t',
    'void *',
    'void *',
    'uint8',
  ]);
  const stop0 = status('FspFsctlStop0', ['uintptr_t']);
  const stop = status('FspFsctlStop', ['uintptr_t']);
  const notify = status('FspFsctlNotify', ['uintptr_t', 'void *', 'size_t']);
  const mountSet = status('FspMountSet', ['void *']);
  const mountRemove = status('FspMountRemove', ['void *']);
  const version = Buffer.alloc(4);
  status('FspVersion', ['void *'])(version);
  const closeHandle = loadCloseHandle(koffi, dll);
  return {
    path,
    version: version.readUInt32LE(),
    createVolume(devicePath, volumeParams) {
      const name = Buffer.alloc(volumeNameBytes);
      const handle = Buffer.alloc(8);
      const result = createVolume(devicePath, volumeParams, name, name.length, handle);
      return { status: result, handle: handle.readBigUInt64LE(), name };
    },
    respond: (volume, responses, lengthBytes) =>
      transact(volume, responses, lengthBytes, null, null, 0),
    ready: (volume) => transact(volume, null, 0, null, null, 0),
    stop0,
    stop,
    notify: (volume, records) => notify(volume, records ?? null, records?.length ?? 0),
    setMount(volume, volumeName, mountPoint) {
      const point = zeroTerminated(mountPoint, mountPointBytes);
      const desc = Buffer.alloc(mountDesc.size);
      desc.writeBigUInt64LE(volume, mountDesc.VolumeHandle);
      desc.writeBigUInt64LE(koffi.address(volumeName), mountDesc.VolumeName);
      desc.writeBigUInt64LE(koffi.address(point), mountDesc.MountPoint);
      const result = mountSet(desc);
      return {
        status: result,
        mountPoint: readZeroTerminated(point),
        // The closure keeps both buffers in their places.
        remove: () =>
          point.length > 0 && volumeName.length > 0 ? mountRemove(desc) : STATUS.SUCCESS,
      };
    },
    closeHandle,
  };
}

/** kernel32's CloseHandle; a stand-in on another system has its own. */
function loadCloseHandle(
  koffi: typeof import('koffi').default,
  dll: ReturnType<typeof import('koffi').default.load>,
): (handle: Handle) => void {
  const from = process.platform === 'win32' ? koffi.load('kernel32.dll') : dll;
  const call = from.func('CloseHandle', 'int32', ['uintptr_t']) as Call;
  return (handle) => void call(handle);
}

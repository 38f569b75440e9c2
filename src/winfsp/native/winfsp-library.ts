/**
 * winfsp-x64.dll and winfsp-a64.dll: the functions of WinFsp's DLL that fsbridge calls, each under
 * the DLL's own name and answering an NTSTATUS (inc/winfsp/fsctl.h, inc/winfsp/launch.h).
 *
 * The user has installed the DLL; fsbridge ships none. Its functions are only wrappers around the
 * driver's control codes: every call is a system call, and none runs on a thread of WinFsp's.
 *
 * Invariant: the caller keeps what must outlive a call (FspMountSet's strings).
 */
import { Buffer } from 'node:buffer';
import { type NtStatus, toNtStatus } from '../../fsbridge/translate/ntstatus.ts';
import {
  type Bind,
  type Ffi,
  type Handle,
  handleType,
  keepAlive,
  loadFfi,
} from '../../host/ffi.ts';
import { mountDesc } from '../wire/layouts.ts';

/** FSP_FSCTL_VOLUME_NAME_SIZEMAX */
const volumeNameBytes = 512;
const mountPointBytes = 1024;

export interface CreatedVolume {
  readonly status: NtStatus;
  readonly handle: Handle;
  /** Such as \Device\Volume{...}, in UTF-16 with a NUL. */
  readonly name: Buffer;
}

/** The DLL holds its addresses until `remove`. */
export interface SetMount {
  readonly status: NtStatus;
  /** The mount point; for "*:" the letter that was chosen. */
  readonly mountPoint: string;
  remove(): NtStatus;
}

export interface WinFspLibrary {
  readonly path: string;
  /** The product version, high word and low word: 2.2 is 0x20002. 0 where the DLL answers none. */
  readonly version: number;
  createVolume(devicePath: string, volumeParams: Buffer): CreatedVolume;
  /** FspFsctlTransact with responses alone: hands them to the driver, and returns at once. */
  respond(volume: Handle, responses: Buffer, lengthBytes: number): NtStatus;
  /** FspFsctlTransact with nothing at all: from now on the driver takes requests. */
  ready(volume: Handle): NtStatus;
  /** Waiting Transact calls return STATUS_CANCELLED; requests under way may still be answered. */
  stop0(volume: Handle): NtStatus;
  stop(volume: Handle): NtStatus;
  setMount(volume: Handle, volumeName: Buffer, mountPoint: string): SetMount;
  /** The last handle of a volume ends the volume. */
  closeHandle(volume: Handle): void;
}

function zeroTerminated(text: string, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(Math.max(sizeBytes, text.length * 2 + 2));
  bytes.write(text, 'utf16le');
  return bytes;
}

function readZeroTerminated(bytes: Buffer): string {
  const text = bytes.toString('utf16le');
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

type StatusCall = (...args: readonly unknown[]) => NtStatus;

function bindStatus(bind: Bind, name: string, types: readonly string[]): StatusCall {
  const call = bind(name, 'int32', types);
  return (...args) => toNtStatus(call(...args));
}

/** Loads a DLL, or a stand-in with the same functions. Throws what koffi throws. */
export async function loadWinFsp(path: string): Promise<WinFspLibrary> {
  const ffi = await loadFfi();
  const bind = ffi.open(path);
  const createVolume = bindStatus(bind, 'FspFsctlCreateVolume', [
    'str16',
    'void *',
    'void *',
    'size_t',
    'void *',
  ]);
  const transact = bindStatus(bind, 'FspFsctlTransact', [
    handleType,
    'void *',
    'size_t',
    'void *',
    'void *',
    'uint8',
  ]);
  const closeHandle = bindCloseHandle(ffi, bind);
  return {
    path,
    version: versionOf(bind),
    createVolume(devicePath, volumeParams) {
      const name = Buffer.alloc(volumeNameBytes);
      const handle = Buffer.alloc(8);
      const status = createVolume(devicePath, volumeParams, name, name.length, handle);
      return { status, handle: Number(handle.readBigInt64LE()), name };
    },
    respond: (volume, responses, lengthBytes) =>
      transact(volume, responses, lengthBytes, null, null, 0),
    ready: (volume) => transact(volume, null, 0, null, null, 0),
    stop0: bindStatus(bind, 'FspFsctlStop0', [handleType]),
    stop: bindStatus(bind, 'FspFsctlStop', [handleType]),
    setMount: bindSetMount(ffi, bind),
    closeHandle: (volume) => void closeHandle(volume),
  };
}

function versionOf(bind: Bind): number {
  const version = Buffer.alloc(4);
  bindStatus(bind, 'FspVersion', ['void *'])(version);
  return version.readUInt32LE();
}

function bindSetMount(ffi: Ffi, bind: Bind): WinFspLibrary['setMount'] {
  const mountSet = bindStatus(bind, 'FspMountSet', ['void *']);
  const mountRemove = bindStatus(bind, 'FspMountRemove', ['void *']);
  return (volume, volumeName, mountPoint) => {
    const point = zeroTerminated(mountPoint, mountPointBytes);
    const desc = Buffer.alloc(mountDesc.size);
    desc.writeBigInt64LE(BigInt(volume), mountDesc.VolumeHandle);
    desc.writeBigUInt64LE(ffi.addressOf(volumeName), mountDesc.VolumeName);
    desc.writeBigUInt64LE(ffi.addressOf(point), mountDesc.MountPoint);
    const status = mountSet(desc);
    return {
      status,
      mountPoint: readZeroTerminated(point),
      remove: () => {
        keepAlive(point, volumeName);
        return mountRemove(desc);
      },
    };
  };
}

/** kernel32's CloseHandle; on another system the stand-in has its own. */
function bindCloseHandle(ffi: Ffi, bind: Bind): ReturnType<Bind> {
  const from = process.platform === 'win32' ? ffi.open('kernel32.dll') : bind;
  return from('CloseHandle', 'int32', [handleType]);
}

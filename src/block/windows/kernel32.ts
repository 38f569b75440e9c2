/**
 * The functions of disk-api.ts in the real kernel32.dll. Loaded on Windows alone, when a disk is
 * needed.
 *
 * koffi keeps the value of GetLastError() until its next call on the same thread, whatever Node
 * calls meanwhile. In the callback of an asynchronous call it is that call's value (koffi's change
 * log, 2.3 and 3.2).
 */
import { Buffer } from 'node:buffer';
import {
  type Handle,
  handleType,
  inBackground,
  invalidHandle,
  loadFfi,
  type Native,
} from '../../host/ffi.ts';
import { high32, low32 } from '../../int64.ts';
import { ERROR_MORE_DATA, type IoAnswer, type WindowsDiskApi } from './disk-api.ts';

const openExisting = 3;
/** OVERLAPPED with its offset alone; behind it lies the count that the call answers. */
const overlapped = { offset: 16, offsetHigh: 20, size: 32 } as const;
const countBytes = 4;
const nameChars = 260;
const pathsChars = 4096;

/** UTF-16 texts behind each other, each with a NUL, and one more at the end. */
function textsIn(buffer: Buffer): string[] {
  return buffer.toString('utf16le').split('\0\0')[0]?.split('\0').filter(Boolean) as string[];
}

export async function loadWindowsDiskApi(): Promise<WindowsDiskApi> {
  const bind = (await loadFfi()).open('kernel32.dll');
  const lastError = bind('GetLastError', 'uint32', []);
  const createTypes = ['str16', 'uint32', 'uint32', 'void *', 'uint32', 'uint32', handleType];
  const createFile = bind('CreateFileW', handleType, createTypes);
  const closeHandle = bind('CloseHandle', 'int32', [handleType]);
  const control = bind('DeviceIoControl', 'int32', [
    ...[handleType, 'uint32', 'void *', 'uint32', 'void *', 'uint32', 'void *', 'void *'],
  ]);
  const moveTypes = [handleType, 'void *', 'uint32', 'void *', 'void *'];
  const readFile = bind('ReadFile', 'int32', moveTypes);
  const writeFile = bind('WriteFile', 'int32', moveTypes);
  const flush = bind('FlushFileBuffers', 'int32', [handleType]);
  const findFirst = bind('FindFirstVolumeW', handleType, ['void *', 'uint32']);
  const findNext = bind('FindNextVolumeW', 'int32', [handleType, 'void *', 'uint32']);
  const findClose = bind('FindVolumeClose', 'int32', [handleType]);
  const pathTypes = ['str16', 'void *', 'uint32', 'void *'];
  const pathNames = bind('GetVolumePathNamesForVolumeNameW', 'int32', pathTypes);

  /** ReadFile or WriteFile, on another thread. */
  const move = (
    call: Native,
    handle: Handle,
    memory: Uint8Array,
    offsetBytes: number,
  ): Promise<IoAnswer> => {
    const at = Buffer.alloc(overlapped.size);
    at.writeUInt32LE(low32(offsetBytes), overlapped.offset);
    at.writeUInt32LE(high32(offsetBytes), overlapped.offsetHigh);
    const count = Buffer.alloc(countBytes);
    const args = [handle, memory, memory.length, count, at];
    return inBackground(call, args, (ok) =>
      ok === 0 ? { error: lastError(), bytes: 0 } : { error: 0, bytes: count.readUInt32LE(0) },
    );
  };

  return {
    createFile(path, desiredAccess, shareMode, flags) {
      const handle = createFile(path, desiredAccess, shareMode, null, openExisting, flags, 0);
      return handle === invalidHandle ? -lastError() : handle;
    },
    closeHandle(handle) {
      closeHandle(handle);
    },
    deviceIoControl(handle, code, input, output) {
      const count = Buffer.alloc(countBytes);
      const [from, to] = [input, output].map((buffer) => (buffer.length === 0 ? null : buffer));
      const ok = control(handle, code, from, input.length, to, output.length, count, null);
      return { error: ok === 0 ? lastError() : 0, bytes: count.readUInt32LE(0) };
    },
    readFile: (handle, target, offsetBytes) => move(readFile, handle, target, offsetBytes),
    writeFile: (handle, source, offsetBytes) => move(writeFile, handle, source, offsetBytes),
    flushFileBuffers: (handle) =>
      inBackground(flush, [handle], (ok) => (ok === 0 ? lastError() : 0)),
    volumeNames() {
      const names: string[] = [];
      const name = Buffer.alloc(nameChars * 2);
      const search = findFirst(name, nameChars);
      if (search === invalidHandle) return names;
      do names.push(...textsIn(name).slice(0, 1));
      while (findNext(search, name.fill(0), nameChars) !== 0);
      findClose(search);
      return names;
    },
    volumePaths(volume) {
      const paths = Buffer.alloc(pathsChars * 2);
      const count = Buffer.alloc(countBytes);
      const ok = pathNames(volume, paths, pathsChars, count);
      return ok !== 0 || lastError() === ERROR_MORE_DATA ? textsIn(paths) : [];
    },
  };
}

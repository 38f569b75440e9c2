/**
 * The functions of windows-disk-api.ts in the real kernel32.dll, through koffi. Loaded on Windows
 * alone, when a disk is wanted.
 *
 * koffi keeps GetLastError() from Node's own calls, until its next one on the same thread; an
 * asynchronous call's is there in its callback (koffi's change log, 2.3 and 3.2).
 */
import { Buffer } from 'node:buffer';
import { ERROR_MORE_DATA, type Handle, type IoAnswer, type WindowsDiskApi } from './api.ts';

const OPEN_EXISTING = 3;
const INVALID_HANDLE_VALUE = -1;
/** OVERLAPPED, with nothing in it but the offset; behind it the count that the call answers. */
const overlapped = { offset: 16, offsetHigh: 20, size: 32 } as const;
const countBytes = 4;
const word = 2 ** 32;
const nameChars = 260;
const pathsChars = 4096;

type Call = (...values: readonly unknown[]) => number;
type AsyncCall = Call & {
  async(...values: readonly unknown[]): void;
};

/** UTF-16 texts behind each other, each with a NUL, and one more at the end. */
function textsIn(buffer: Buffer): string[] {
  return buffer.toString('utf16le').split('\0\0')[0]?.split('\0').filter(Boolean) as string[];
}

export async function loadWindowsDiskApi(): Promise<WindowsDiskApi> {
  const { default: koffi } = await import('koffi');
  const kernel32 = koffi.load('kernel32.dll');
  const load = (name: string, types: readonly string[], result = 'int32'): AsyncCall =>
    kernel32.func(name, result, [...types]) as unknown as AsyncCall;
  const lastError = load('GetLastError', [], 'uint32');
  const createFile = load(
    'CreateFileW',
    ['str16', 'uint32', 'uint32', 'void *', 'uint32', 'uint32', 'intptr_t'],
    'intptr_t',
  );
  const closeHandle = load('CloseHandle', ['intptr_t']);
  const control = load('DeviceIoControl', [
    ...['intptr_t', 'uint32', 'void *', 'uint32', 'void *', 'uint32', 'void *', 'void *'],
  ]);
  const moveTypes = ['intptr_t', 'void *', 'uint32', 'void *', 'void *'];
  const readFile = load('ReadFile', moveTypes);
  const writeFile = load('WriteFile', moveTypes);
  const flush = load('FlushFileBuffers', ['intptr_t']);
  const findFirst = load('FindFirstVolumeW', ['void *', 'uint32'], 'intptr_t');
  const findNext = load('FindNextVolumeW', ['intptr_t', 'void *', 'uint32']);
  const findClose = load('FindVolumeClose', ['intptr_t']);
  const pathNames = load('GetVolumePathNamesForVolumeNameW', [
    ...['str16', 'void *', 'uint32', 'void *'],
  ]);

  /** ReadFile or WriteFile on a thread of the pool; the callback keeps the memory until then. */
  const move = (
    call: AsyncCall,
    handle: Handle,
    memory: Uint8Array,
    offsetBytes: number,
  ): Promise<IoAnswer> => {
    const at = Buffer.alloc(overlapped.size);
    at.writeUInt32LE(offsetBytes % word, overlapped.offset);
    at.writeUInt32LE(Math.floor(offsetBytes / word), overlapped.offsetHigh);
    const count = Buffer.alloc(countBytes);
    return new Promise((resolve, reject) => {
      const done = (failure: Error | null, ok: number): void => {
        if (failure !== null) reject(failure);
        else if (ok === 0) resolve({ error: lastError(), bytes: 0 });
        else resolve({ error: 0, bytes: at.length > 0 ? count.readUInt32LE(0) : 0 });
      };
      call.async(handle, memory, memory.length, count, at, done);
    });
  };

  return {
    createFile(path, desiredAccess, shareMode, flags) {
      const handle = createFile(path, desiredAccess, shareMode, null, OPEN_EXISTING, flags, 0);
      return handle === INVALID_HANDLE_VALUE ? -lastError() : handle;
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
      new Promise((resolve, reject) => {
        flush.async(handle, (failure: Error | null, ok: number) => {
          if (failure !== null) reject(failure);
          else resolve(ok === 0 ? lastError() : 0);
        });
      }),
    volumeNames() {
      const names: string[] = [];
      const name = Buffer.alloc(nameChars * 2);
      const search = findFirst(name, nameChars);
      if (search === INVALID_HANDLE_VALUE) return names;
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

/**
 * Which drive letters are in use: QueryDosDeviceW and GetLogicalDrives of kernel32; on another
 * system the stand-in has its own.
 */
import { Buffer } from 'node:buffer';
import { loadFfi } from '../../host/ffi.ts';
import type { DriveLetters } from '../drive-letter.ts';

/** As long as an NT path can be, in UTF-16 units. */
const maxUnits = 32768;

export async function loadDriveLetters(library: string): Promise<DriveLetters> {
  const ffi = await loadFfi();
  const bind = ffi.open(process.platform === 'win32' ? 'kernel32.dll' : library);
  const queryDosDevice = bind('QueryDosDeviceW', 'uint32', ['str16', 'void *', 'uint32']);
  const getLogicalDrives = bind('GetLogicalDrives', 'uint32', []);
  const target = Buffer.alloc(maxUnits * 2);
  return {
    isTaken: (drive) => queryDosDevice(drive, target, maxUnits) !== 0,
    logicalDrives: () => getLogicalDrives(),
  };
}

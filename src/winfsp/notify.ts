/**
 * Tells Windows what changed behind it: the driver forgets what it keeps of a file, and whoever watches
 * the folder hears of it.
 *
 * The driver holds its rename lock from the beginning of a series to its end, and gives it only where
 * no rename is under way: then it says STATUS_CANT_WAIT, and has to be asked again.
 */
import { Buffer } from 'node:buffer';
import { setTimeout } from 'node:timers/promises';
import { FsBridgeError } from '../errors.ts';
import { isError, type NtStatus, ntStatusName } from '../fsbridge/translate/ntstatus.ts';
import type { Change } from './mount-options.ts';
import type { Handle, WinFspLibrary } from './native/winfsp-library.ts';
import { alignUp } from './wire/layout.ts';
import { notifyInfo } from './wire/layouts.ts';

const cantWait = 0xc00000d8;
const attempts = 200;
const pauseMs = 5;
/** Bytes of one FspFsctlNotify call at most. */
const partBytes = 32_768;
const endRecord: Buffer = Buffer.alloc(2);

/** Encodes changes as FSP_FSCTL_NOTIFY_INFO records, in parts that one call takes. */
export function encodeChanges(changes: readonly Change[]): Buffer[] {
  const parts: Buffer[] = [];
  let part: Buffer[] = [];
  let length = 0;
  for (const { fileName, filter, action } of changes) {
    const size = notifyInfo.size + fileName.length * 2;
    const record = Buffer.alloc(alignUp(size, 8));
    record.writeUInt16LE(size, notifyInfo.Size);
    record.writeUInt32LE(filter, notifyInfo.Filter);
    record.writeUInt32LE(action, notifyInfo.Action);
    record.write(fileName, notifyInfo.size, 'utf16le');
    if (length + record.length > partBytes && part.length > 0) {
      parts.push(Buffer.concat(part));
      part = [];
      length = 0;
    }
    part.push(record);
    length += record.length;
  }
  if (part.length > 0) parts.push(Buffer.concat(part));
  return parts;
}

/** Throws ERR_NOTIFY where the driver does not take them. */
export async function notifyChanges(
  library: WinFspLibrary,
  volume: Handle,
  changes: readonly Change[],
): Promise<void> {
  if (changes.length === 0) return;
  let status = library.notify(volume, undefined);
  for (let attempt = 0; status === cantWait && attempt < attempts; attempt++) {
    await setTimeout(pauseMs);
    status = library.notify(volume, undefined);
  }
  check(status);
  try {
    for (const part of encodeChanges(changes)) check(library.notify(volume, part));
  } finally {
    library.notify(volume, endRecord);
  }
}

function check(status: NtStatus): void {
  if (!isError(status)) return;
  const why = `the driver takes no notice: ${ntStatusName(status)}`;
  throw new FsBridgeError('ERR_NOTIFY', 'WinFsp', why, 'Press F5 in Explorer to see what changed.');
}

/**
 * BitLocker, the encryption of Windows. Its first sector looks like FAT32 or NTFS on purpose; what
 * tells is a name in it and, since Windows 7, a header that it points to (libblkid bitlocker.c).
 */

import type { Disk } from '../cached-reader.ts';
import type { Format } from '../detected.ts';
import { detected } from '../detected.ts';
import type { Fields } from '../fields.ts';

const VISTA = '\xeb\x52\x90-FVE-FS-';
const WINDOWS_7 = '\xeb\x58\x90-FVE-FS-';
const TO_GO = '\xeb\x58\x90MSWIN4.1';

interface Headers {
  readonly boot: Fields;
  /** The header that the boot sector points to; Vista has none. */
  readonly metadata: Fields | undefined;
}

async function headersOf(disk: Disk): Promise<Headers | undefined> {
  const boot = await disk.fields(0, 512);
  if (boot === undefined) return undefined;
  if (boot.matches(0, VISTA)) return { boot, metadata: undefined };
  let at = 0;
  if (boot.matches(0, WINDOWS_7)) at = boot.u64(176);
  else if (boot.matches(0, TO_GO)) at = boot.u64(440);
  const metadata = at === 0 ? undefined : await disk.fields(at, 12);
  return metadata?.matches(0, '-FVE-FS-') ? { boot, metadata } : undefined;
}

/** Whether the disk is encrypted with BitLocker, whatever else its first sector looks like. */
export async function isBitlocker(disk: Disk): Promise<boolean> {
  return (await headersOf(disk)) !== undefined;
}

export const bitlocker: Format = {
  name: 'BitLocker',
  usage: 'crypto',
  async probe(disk) {
    const headers = await headersOf(disk);
    if (headers === undefined) return undefined;
    const serial = headers.boot.matches(0, WINDOWS_7) ? headers.boot.u32(67) : 0;
    return detected({
      type: 'BitLocker',
      kind: 'container',
      uuid: serial === 0 ? undefined : `${serial | 0}`.padStart(16, '0'),
      version: headers.metadata && `${headers.metadata.u16(10)}`,
    });
  },
};

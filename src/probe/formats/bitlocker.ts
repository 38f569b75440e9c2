/**
 * BitLocker, the encryption of Windows. Its first sector looks like FAT32 or NTFS on purpose. What
 * gives it away is a name in that sector and, since Windows 7, a header that the sector points to
 * (libblkid bitlocker.c).
 */

import type { Format } from '../format.ts';
import { format } from '../format.ts';
import { u32, u64 } from '../layout.ts';

const vista = '\xeb\x52\x90-FVE-FS-';
const windows7 = '\xeb\x58\x90-FVE-FS-';
const toGo = '\xeb\x58\x90MSWIN4.1';
const headerSignature = '-FVE-FS-';

export const bitlocker: Format = format({
  type: 'BitLocker',
  usage: 'crypto',
  kind: 'container',
  magics: [
    [0, 0, vista],
    [0, 0, windows7],
    [0, 0, toGo],
  ],
  bytes: 512,
  fields: { volume_serial: u32(67), header_windows_7: u64(176), header_to_go: u64(440) },
  async details(sb, { disk, magic }) {
    if (magic === vista) return {};
    const at = magic === windows7 ? sb.header_windows_7 : sb.header_to_go;
    const header = at === 0 ? undefined : await disk.fields(at, 12);
    if (!header?.matches(0, headerSignature)) return undefined;
    const serial = magic === windows7 ? sb.volume_serial : 0;
    return {
      uuid: serial === 0 ? undefined : `${serial | 0}`.padStart(16, '0'),
      version: `${header.u16(10)}`,
    };
  },
});

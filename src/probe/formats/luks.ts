/**
 * LUKS 1 and 2, the encryption of Linux. LUKS 2 keeps a second header, which still says what the disk
 * is when the first is lost (libblkid luks.c; cryptsetup's «LUKS2 On-Disk Format Specification»).
 */

import type { Disk } from '../cached-reader.ts';
import type { Format } from '../detected.ts';
import { detected } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { byteLabel, textUuid } from '../text.ts';

const HEADER_BYTES = 512;
const MAGIC = 'LUKS\xba\xbe';
const SECONDARY_MAGIC = 'SKUL\xba\xbe';
const KIB = 1024;
const SECONDARY_OFFSETS: readonly number[] = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096].map(
  (kib) => kib * KIB,
);

async function findHeader(disk: Disk): Promise<{ header: Fields; primary: boolean } | undefined> {
  const first = await disk.fields(0, HEADER_BYTES);
  if (first?.matches(0, MAGIC)) return { header: first, primary: true };
  for (const offset of SECONDARY_OFFSETS) {
    const header = await disk.fields(offset, HEADER_BYTES);
    if (header === undefined) return undefined;
    if (header.matches(0, SECONDARY_MAGIC)) return { header, primary: false };
  }
  return undefined;
}

export const luks: Format = {
  name: 'crypto_LUKS',
  usage: 'crypto',
  async probe(disk) {
    const found = await findHeader(disk);
    if (found === undefined) return undefined;
    const { header, primary } = found;
    const version = header.big.u16(6);
    return detected({
      type: 'crypto_LUKS',
      kind: 'container',
      version: `${version}`,
      uuid: version === 1 || version === 2 ? textUuid(header.slice(168, 40)) : undefined,
      label: version === 2 ? byteLabel(header.slice(24, 48)) : undefined,
      state: primary ? 'unknown' : 'errors',
      stateReason: primary ? undefined : 'its first header is lost; cryptsetup repair restores it',
    });
  },
};

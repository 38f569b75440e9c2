/**
 * LUKS 1 and 2, the encryption of Linux. LUKS 2 keeps a second header, which still says what the
 * disk is when the first is lost (libblkid luks.c; cryptsetup's «LUKS2 On-Disk Format
 * Specification»).
 */

import { type Format, format, type Magic } from '../format.ts';
import { dotted, text, u16 } from '../layout.ts';

const primaryMagic = 'LUKS\xba\xbe';
const secondaryMagic = 'SKUL\xba\xbe';
const secondaryKib: readonly number[] = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

export const luks: Format = format({
  type: 'crypto_LUKS',
  usage: 'crypto',
  kind: 'container',
  magics: [
    [0, 0, primaryMagic],
    ...secondaryKib.map((kib): Magic => [kib * 1024, 0, secondaryMagic]),
  ],
  bytes: 512,
  byteOrder: 'big',
  fields: { version: dotted(u16(6)), luks2_label: text(24, 48), stored_uuid: text(168, 40) },
  state: (_, { magic }) =>
    magic === primaryMagic
      ? { state: 'unknown' }
      : {
          state: 'errors',
          stateReason: 'its first header is lost; cryptsetup repair restores it',
        },
  details: ({ version, luks2_label, stored_uuid }) => ({
    uuid: version === '1' || version === '2' ? stored_uuid : undefined,
    label: version === '2' ? luks2_label : undefined,
  }),
});

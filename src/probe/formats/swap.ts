/**
 * Swap space, and swap space that holds a hibernated system. The name stands at the end of the
 * first page, and pages have had several sizes. Offsets: union swap_header in the kernel's
 * include/linux/swap.h; the names of hibernation: libblkid's swap.c.
 */

import type { Details, Format, Magic } from '../format.ts';
import { format } from '../format.ts';
import { text, u32, uuid, type Values } from '../layout.ts';

/** The header begins behind the room for a boot loader. */
const headerAt = 1024;
const nameBytes = 10;
const pageSizes: readonly number[] = [4, 8, 16, 32, 64].map((kib) => kib * 1024);
const tuxOnIce = '\xed\xc3\x02\xe9\x98\x56\xe5\x0c';
const version0 = 'SWAP-SPACE';
const version1 = 'SWAPSPACE2';

/** What the name becomes when a system was hibernated into the space, and blkid's word for it. */
const hibernated: Readonly<Record<string, string>> = {
  [tuxOnIce]: 'tuxonice',
  S1SUSPEND: 's1suspend',
  S2SUSPEND: 's2suspend',
  ULSUSPEND: 'ulsuspend',
  LINHIB0001: 'linhib0001',
};

/** The names at the end of a page of any size. */
function atPageEnds(names: readonly string[]): Magic[] {
  return pageSizes.flatMap((pageBytes) =>
    names.map((name): Magic => [headerAt, pageBytes - nameBytes - headerAt, name]),
  );
}
const pageBytesOf = (magicAt: number): number => magicAt + nameBytes + headerAt;

const fields = {
  info_version: u32(0),
  info_last_page: u32(4),
  info_uuid: uuid(12),
  info_volume: text(28, 16),
  info_padding32: u32(172),
  info_padding33: u32(176),
};

/** UUID and label, where the padding behind them is as empty as it should be. */
function named(header: Values<typeof fields>): Details {
  const sane = header.info_padding32 === 0 && header.info_padding33 === 0;
  return sane ? { uuid: header.info_uuid, label: header.info_volume } : {};
}

const common = { usage: 'other', kind: 'swap', minBytes: 10 * 4096, bytes: 516, fields } as const;

export const swsuspend: Format = format({
  ...common,
  type: 'swsuspend',
  magics: [
    [headerAt, -headerAt, tuxOnIce],
    ...atPageEnds(Object.keys(hibernated).filter((name) => name !== tuxOnIce)),
  ],
  details: (header, { magic }) => ({
    ...named(header),
    version: hibernated[magic],
    stateReason: 'it holds a hibernated system',
  }),
});

export const swap: Format = format({
  ...common,
  type: 'swap',
  magics: atPageEnds([version0, version1]),
  sane: async (_, { disk }) => !(await disk.fields(0, tuxOnIce.length))?.matches(0, tuxOnIce),
  details(header, { magic, magicAt, superblock }) {
    // Version 0 has a bitmap where version 1 has UUID and label.
    if (magic === version0) return { version: '0' };
    const ordered = header.info_version === 1 ? superblock : superblock.big;
    const lastPage = ordered.u32(4);
    if (ordered.u32(0) !== 1 || lastPage === 0) return undefined;
    const sizeBytes = (lastPage + 1) * pageBytesOf(magicAt);
    return { ...named(header), version: '1', sizeBytes, state: 'clean' };
  },
});

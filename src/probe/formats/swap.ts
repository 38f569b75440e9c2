/**
 * Swap space, and swap space that holds a hibernated system. The name stands at the end of the first
 * page, and pages have had several sizes. Offsets: union swap_header in the kernel's
 * include/linux/swap.h; the names of hibernation: libblkid's swap.c.
 */

import type { Disk } from '../cached-reader.ts';
import type { Detected, Format } from '../detected.ts';
import { detected } from '../detected.ts';
import { byteLabel } from '../text.ts';

const PAGE_SIZES: readonly number[] = [4, 8, 16, 32, 64].map((kib) => kib * 1024);
const NAME_BYTES = 10;
const HEADER_AT = 1024;
const TUXONICE = '\xed\xc3\x02\xe9\x98\x56\xe5\x0c';

const HIBERNATED: ReadonlyMap<string, string> = new Map([
  ['S1SUSPEND', 's1suspend'],
  ['S2SUSPEND', 's2suspend'],
  ['ULSUSPEND', 'ulsuspend'],
  ['LINHIB0001', 'linhib0001'],
]);

/** The first of the names that stands at the end of a page, and that page's size. */
async function findName(disk: Disk, names: readonly string[]) {
  for (const pageBytes of PAGE_SIZES) {
    const end = await disk.fields(pageBytes - NAME_BYTES, NAME_BYTES);
    const name = names.find((candidate) => end?.matches(0, candidate));
    if (name !== undefined) return { name, pageBytes };
  }
  return undefined;
}

/** UUID and label, where the padding behind them is as empty as it should be. */
async function describe(disk: Disk, type: string, version: string) {
  const header = await disk.fields(HEADER_AT, 516);
  if (header === undefined) return undefined;
  const sane = header.u32(172) === 0 && header.u32(176) === 0;
  const fields: Pick<Detected, 'type' | 'kind' | 'version'> = { type, kind: 'swap', version };
  const named = { uuid: header.uuid(12), label: byteLabel(header.slice(28, 16)) };
  return { header, fields: sane ? { ...fields, ...named } : fields };
}

async function isTuxOnIce(disk: Disk): Promise<boolean> {
  return (await disk.fields(0, TUXONICE.length))?.matches(0, TUXONICE) ?? false;
}

export const swsuspend: Format = {
  name: 'swsuspend',
  usage: 'other',
  minBytes: 10 * 4096,
  async probe(disk) {
    const found = await findName(disk, [...HIBERNATED.keys()]);
    const version = (await isTuxOnIce(disk)) ? 'tuxonice' : HIBERNATED.get(found?.name ?? '');
    const described = version && (await describe(disk, 'swsuspend', version));
    if (!described) return undefined;
    return detected({ ...described.fields, stateReason: 'it holds a hibernated system' });
  },
};

export const swap: Format = {
  name: 'swap',
  usage: 'other',
  minBytes: 10 * 4096,
  async probe(disk) {
    const found = await findName(disk, ['SWAP-SPACE', 'SWAPSPACE2']);
    if (found === undefined || (await isTuxOnIce(disk))) return undefined;
    // Version 0 has a bitmap where version 1 has UUID and label.
    if (found.name === 'SWAP-SPACE') return detected({ type: 'swap', kind: 'swap', version: '0' });
    const described = await describe(disk, 'swap', '1');
    if (described === undefined) return undefined;
    const { header: little, fields } = described;
    const header = little.u32(0) === 1 ? little : little.big;
    if (header.u32(0) !== 1 || header.u32(4) === 0) return undefined;
    return detected({
      ...fields,
      sizeBytes: (header.u32(4) + 1) * found.pageBytes,
      state: 'clean',
    });
  },
};

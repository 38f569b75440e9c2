/**
 * HFS and HFS+, the file systems of Mac OS. An HFS+ may lie inside an HFS wrapper, which only says
 * where: that counts as HFS+. Layouts are those of the kernel's fs/hfs/hfs.h and
 * fs/hfsplus/hfsplus_raw.h; all numbers are big-endian.
 */

import { createHash } from 'node:crypto';
import type { Disk } from '../cached-reader.ts';
import type { Detected, Format } from '../detected.ts';
import { detected, judge, NOT_UNMOUNTED, RECORDED_ERRORS } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { formatUuid, macRomanLabel, utf16Label } from '../text.ts';

const HEADER_AT = 1024;
const SECTOR_BYTES = 512;
const ATTRIBUTE_UNMOUNTED = 1 << 8;
const ATTRIBUTE_INCONSISTENT = 1 << 11;
const LEAF_NODE = 0xff;
const ROOT_PARENT = 1;
const EXTENTS = 8;

/** Apple's name space for UUIDs of volumes that have only eight bytes of their own. */
const UUID_NAME_SPACE: Buffer = Buffer.from('b3e20f39f29211d697a400306543ecac', 'hex');

/** A version 3 UUID of Finder's volume id; undefined where that is zero. */
function uuidOf(id: Uint8Array): string | undefined {
  if (id.every((byte) => byte === 0)) return undefined;
  const digest = createHash('md5').update(UUID_NAME_SPACE).update(id).digest();
  digest[6] = 0x30 | ((digest[6] ?? 0) & 0x0f);
  digest[8] = 0x80 | ((digest[8] ?? 0) & 0x3f);
  return formatUuid(digest);
}

function stateOf(attributes: number): Pick<Detected, 'state' | 'stateReason'> {
  return judge(
    [(attributes & ATTRIBUTE_INCONSISTENT) !== 0 && RECORDED_ERRORS],
    [(attributes & ATTRIBUTE_UNMOUNTED) === 0 && NOT_UNMOUNTED],
  );
}

function isPlusSignature(fields: Fields, at: number): boolean {
  return fields.matches(at, 'H+') || fields.matches(at, 'HX');
}

export const hfs: Format = {
  name: 'hfs',
  usage: 'filesystem',
  tolerant: true,
  async probe(disk) {
    const mdb = (await disk.fields(HEADER_AT, 162))?.big;
    if (!mdb?.matches(0, 'BD') || isPlusSignature(mdb, 124)) return undefined;
    const blockBytes = mdb.u32(20);
    if (blockBytes === 0 || blockBytes % SECTOR_BYTES !== 0) return undefined;
    const blocks = mdb.u16(18);
    return detected({
      type: 'hfs',
      kernelTypes: ['hfs'],
      label: macRomanLabel(mdb.slice(37, Math.min(mdb.u8(36), 27))),
      uuid: uuidOf(mdb.slice(116, 8)),
      blockSizeBytes: SECTOR_BYTES,
      sizeBytes: blocks * blockBytes,
      usedBytes: (blocks - mdb.u16(34)) * blockBytes,
      ...stateOf(mdb.u16(10)),
    });
  },
};

/** The byte offset of the HFS+ volume: behind the wrapper's head, if there is one. */
async function volumeOffset(disk: Disk): Promise<number | undefined> {
  const head = (await disk.fields(HEADER_AT, 162))?.big;
  if (head === undefined) return undefined;
  if (isPlusSignature(head, 0)) return 0;
  if (!head.matches(0, 'BD') || !isPlusSignature(head, 124)) return undefined;
  return head.u16(28) * SECTOR_BYTES + head.u16(126) * head.u32(20);
}

/** Byte offset of a block of the catalogue file, through the extents in the volume header. */
function catalogueOffset(header: Fields, block: number, blockBytes: number): number | undefined {
  let left = block;
  for (let i = 0; i < EXTENTS; i++) {
    const count = header.u32(288 + i * 8 + 4);
    if (count === 0) return undefined;
    if (left < count) return (header.u32(288 + i * 8) + left) * blockBytes;
    left -= count;
  }
  return undefined;
}

/** The label is the name of the root directory: the first key of the catalogue's first leaf. */
async function labelOf(disk: Disk, base: number, header: Fields): Promise<string | undefined> {
  const blockBytes = header.u32(40);
  const tree = (await disk.fields(base + header.u32(288) * blockBytes, 0x2000))?.big;
  if (tree === undefined) return undefined;
  const nodeBytes = tree.u16(32);
  if (nodeBytes < 532 || tree.u32(20) === 0) return undefined;
  const block = Math.floor((tree.u32(24) * nodeBytes) / blockBytes);
  const at = catalogueOffset(header, block, blockBytes);
  if (at === undefined) return undefined;
  const leaf = (await disk.fields(base + at, nodeBytes))?.big;
  if (leaf === undefined || leaf.u16(10) === 0 || leaf.u8(8) !== LEAF_NODE) return undefined;
  const length = leaf.u16(20);
  if (leaf.u32(16) !== ROOT_PARENT || length > 255) return undefined;
  return utf16Label(leaf.slice(22, length * 2), 'be');
}

export const hfsplus: Format = {
  name: 'hfsplus',
  usage: 'filesystem',
  async probe(disk) {
    const base = await volumeOffset(disk);
    if (base === undefined) return undefined;
    const header = (await disk.fields(base + HEADER_AT, 512))?.big;
    if (header === undefined || !isPlusSignature(header, 0)) return undefined;
    const blockBytes = header.u32(40);
    if (blockBytes < SECTOR_BYTES) return undefined;
    return detected({
      type: 'hfsplus',
      kernelTypes: ['hfsplus'],
      label: await labelOf(disk, base, header),
      uuid: uuidOf(header.slice(104, 8)),
      version: `${header.u16(2)}`,
      blockSizeBytes: blockBytes,
      sizeBytes: header.u32(44) * blockBytes,
      usedBytes: (header.u32(44) - header.u32(48)) * blockBytes,
      ...stateOf(header.u32(4)),
    });
  },
};

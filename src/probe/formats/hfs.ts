/**
 * HFS and HFS+, the file systems of Mac OS. An HFS+ may lie inside an HFS wrapper, which only says
 * where: that counts as HFS+. Layouts are those of the kernel's fs/hfs/hfs.h and
 * fs/hfsplus/hfsplus_raw.h; all numbers are big-endian.
 */

import { createHash } from 'node:crypto';
import type { CachedReader } from '../cached-reader.ts';
import { judge, notUnmounted, recordedErrors, type StateFound } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { type Details, type Format, format } from '../format.ts';
import { bytes, constant, dotted, map, readFields, u8, u16, u32, type Values } from '../layout.ts';
import { formatUuid, macRomanLabel, utf16Label } from '../text.ts';

const headerAt = 1024;
const sectorBytes = 512;
const HFSPLUS_VOL_UNMNT = 1 << 8;
const HFSPLUS_VOL_INCNSTNT = 1 << 11;
const HFS_NODE_LEAF = 0xff;
/** HFSPLUS_POR_CNID: the parent of the root directory. */
const rootParent = 1;
const maxExtents = 8;

/** Apple's name space for UUIDs of volumes that have only eight bytes of their own. */
const uuidNameSpace: Buffer = Buffer.from('b3e20f39f29211d697a400306543ecac', 'hex');

/** A version 3 UUID of Finder's volume id; undefined where that is zero. */
function uuidOf(id: Uint8Array): string | undefined {
  if (id.every((byte) => byte === 0)) return undefined;
  const digest = createHash('md5').update(uuidNameSpace).update(id).digest();
  digest[6] = 0x30 | ((digest[6] ?? 0) & 0x0f);
  digest[8] = 0x80 | ((digest[8] ?? 0) & 0x3f);
  return formatUuid(digest);
}

function stateOf(attributes: number): StateFound {
  return judge(
    [(attributes & HFSPLUS_VOL_INCNSTNT) !== 0 && recordedErrors],
    [(attributes & HFSPLUS_VOL_UNMNT) === 0 && notUnmounted],
  );
}

function isPlusSignature(superblock: Fields, at: number): boolean {
  return superblock.matches(at, 'H+') || superblock.matches(at, 'HX');
}

/** Where struct hfs_mdb has the signature of an embedded HFS+. */
const drEmbedSigWordAt = 124;

/** struct hfs_mdb: an HFS of its own, or a wrapper of an HFS+. */
const mdbFields = {
  drAtrb: u16(10),
  drNmAlBlks: u16(18),
  drAlBlkSiz: u32(20),
  drAlBlSt: u16(28),
  drFreeBks: u16(34),
  drVNLength: u8(36),
  drVN: bytes(37, 27),
  uuid: map(bytes(116, 8), uuidOf),
  /** The first block of an embedded HFS+. */
  drEmbedExtent_startBlock: u16(126),
  blockSizeBytes: constant(sectorBytes),
};

export const hfs: Format = format({
  type: 'hfs',
  tolerant: true,
  kernelTypes: ['hfs'],
  magics: [[headerAt, 0, 'BD']],
  bytes: 162,
  byteOrder: 'big',
  fields: mdbFields,
  sane: (mdb, { superblock }) =>
    !isPlusSignature(superblock, drEmbedSigWordAt) &&
    mdb.drAlBlkSiz !== 0 &&
    mdb.drAlBlkSiz % sectorBytes === 0,
  state: (mdb) => stateOf(mdb.drAtrb),
  details: (mdb) => ({
    label: macRomanLabel(mdb.drVN.subarray(0, Math.min(mdb.drVNLength, 27))),
    sizeBytes: mdb.drNmAlBlks * mdb.drAlBlkSiz,
    usedBytes: (mdb.drNmAlBlks - mdb.drFreeBks) * mdb.drAlBlkSiz,
  }),
});

/** struct hfsplus_vh; the catalogue file's extents are pairs of a start and a count. */
const headerFields = {
  version: dotted(u16(2)),
  attributes: u32(4),
  block_size: u32(40),
  total_blocks: u32(44),
  free_blocks: u32(48),
  finder_info_id: bytes(104, 8),
};
type VolumeHeader = Values<typeof headerFields>;
const catalogueExtentsAt = 288;

/** Byte offset of a block of the catalogue file, through the extents in the volume header. */
function catalogueOffset(header: Fields, block: number, blockBytes: number): number | undefined {
  let left = block;
  for (let i = 0; i < maxExtents; i++) {
    const extentAt = catalogueExtentsAt + i * 8;
    const count = header.u32(extentAt + 4);
    if (count === 0) return undefined;
    if (left < count) return (header.u32(extentAt) + left) * blockBytes;
    left -= count;
  }
  return undefined;
}

/** struct hfs_btree_header_rec and the head of struct hfs_bnode_desc, at the tree's start. */
const treeFields = { leaf_count: u32(20), leaf_head: u32(24), node_size: u16(32) };
/** A leaf's first record: its key is the parent's number and the name. */
const leafFields = {
  type: u8(8),
  num_recs: u16(10),
  key_parent: u32(16),
  key_name_length: u16(20),
};
const keyNameAt = 22;

/** The label is the name of the root directory: the first key of the catalogue's first leaf. */
async function labelOf(disk: CachedReader, base: number, header: Fields, blockBytes: number) {
  const firstBlock = header.u32(catalogueExtentsAt);
  const head = (await disk.fields(base + firstBlock * blockBytes, 0x2000))?.big;
  if (head === undefined) return undefined;
  const tree = readFields(treeFields, head);
  if (tree.node_size < 532 || tree.leaf_count === 0) return undefined;
  const block = Math.floor((tree.leaf_head * tree.node_size) / blockBytes);
  const at = catalogueOffset(header, block, blockBytes);
  if (at === undefined) return undefined;
  const node = (await disk.fields(base + at, tree.node_size))?.big;
  if (node === undefined) return undefined;
  const leaf = readFields(leafFields, node);
  if (leaf.num_recs === 0 || leaf.type !== HFS_NODE_LEAF) return undefined;
  if (leaf.key_parent !== rootParent || leaf.key_name_length > 255) return undefined;
  return utf16Label(node.slice(keyNameAt, leaf.key_name_length * 2), 'be');
}

/** The HFS+ that begins `base` bytes from the disk's start. */
async function describeAt(disk: CachedReader, base: number): Promise<Details | undefined> {
  const bytesOfHeader = (await disk.fields(base + headerAt, 512))?.big;
  if (bytesOfHeader === undefined || !isPlusSignature(bytesOfHeader, 0)) return undefined;
  const header: VolumeHeader = readFields(headerFields, bytesOfHeader);
  const blockBytes = header.block_size;
  if (blockBytes < sectorBytes) return undefined;
  return {
    label: await labelOf(disk, base, bytesOfHeader, blockBytes),
    uuid: uuidOf(header.finder_info_id),
    version: header.version,
    blockSizeBytes: blockBytes,
    sizeBytes: header.total_blocks * blockBytes,
    usedBytes: (header.total_blocks - header.free_blocks) * blockBytes,
    ...stateOf(header.attributes),
  };
}

const plus = { type: 'hfsplus', kernelTypes: ['hfsplus'], bytes: 162, byteOrder: 'big' } as const;

export const hfsplus: Format = format({
  ...plus,
  magics: [
    [headerAt, 0, 'H+'],
    [headerAt, 0, 'HX'],
  ],
  details: (_, { disk }) => describeAt(disk, 0),
});

/** An HFS+ behind the head of an HFS that only wraps it. */
export const wrappedHfsplus: Format = format({
  ...plus,
  magics: [[headerAt, 0, 'BD']],
  fields: mdbFields,
  sane: (_, { superblock }) => isPlusSignature(superblock, drEmbedSigWordAt),
  async details(mdb, { disk }) {
    const startBytes = mdb.drEmbedExtent_startBlock * mdb.drAlBlkSiz;
    return describeAt(disk, mdb.drAlBlSt * sectorBytes + startBytes);
  },
});

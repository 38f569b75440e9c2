/**
 * Formats that are recognised and named, and nothing more: file systems that our kernel is built
 * without, containers of other systems, cluster and appliance formats. A user then reads «it holds
 * X, which cannot be mounted here» instead of nothing.
 *
 * Magic numbers, places and names are those of libblkid 2.38 (libblkid/src/superblocks/*.c).
 */

import { type Format, format, type Magic } from '../format.ts';
import type { Field } from '../layout.ts';
import { be32, big64, bytes, constant, dotted, map, text, u8, u16, u32, uuid } from '../layout.ts';
import { byteLabel, formatSerial } from '../text.ts';

const kib = 1024;
const mib: number = 1024 * kib;

// Containers, and parts of volumes that several disks make up.

export const bluestore: Format = format({
  type: 'ceph_bluestore',
  usage: 'other',
  kind: 'other',
  magics: [[0, 0, 'bluestore block device']],
});

/** DRBD keeps its metadata in the last 4 KiB; the disk's data lies before it, as with md 1.0. */
const drbd = {
  type: 'drbd',
  usage: 'raid',
  kind: 'member',
  minBytes: 64 * kib,
  byteOrder: 'big',
  bytes: 512,
} as const;
const drbdPlace = { fromEnd: 4 * kib, unit: 1 } as const;
const drbdUuid = (at: number): Field<string | undefined> =>
  map(big64(at), (id) => (id === 0n ? undefined : id.toString(16)));

export const drbd8: Format = format({
  ...drbd,
  magics: [
    [drbdPlace, 60, '\x83\x74\x02\x6b'],
    [drbdPlace, 60, '\x83\x74\x02\x6c'],
  ],
  fields: { uuid: drbdUuid(40), version: constant('v08') },
});

/** Its magic number is where DRBD 8 has it, on purpose. */
export const drbd9: Format = format({
  ...drbd,
  magics: [[drbdPlace, 60, '\x83\x74\x02\x6d']],
  fields: { uuid: drbdUuid(48), version: constant('v09') },
});

export const drbdProxy: Format = format({
  type: 'drbdproxy_datalog',
  kind: 'other',
  minBytes: 16 * kib,
  magics: [[0, 0, 'DRBDdlh*']],
  bytes: 40,
  fields: { uuid: uuid(16), version: map(big64(8), (version) => `v${version}`) },
});

export const snapshotCow: Format = format({
  type: 'DM_snapshot_cow',
  usage: 'other',
  kind: 'other',
  magics: [[0, 0, 'SnAp']],
});

export const verityHash: Format = format({
  type: 'DM_verity_hash',
  usage: 'crypto',
  kind: 'other',
  magics: [[0, 0, 'verity\0\0']],
  bytes: 32,
  fields: { version: dotted(u32(8)), uuid: uuid(16) },
  sane: (sb) => sb.version === '1',
});

export const integrity: Format = format({
  type: 'DM_integrity',
  usage: 'crypto',
  kind: 'container',
  magics: [[0, 0, 'integrt\0']],
  bytes: 16,
  fields: { version: dotted(u8(8)) },
  sane: (sb) => sb.version !== '0',
});

/** A UUID in VMware's order of the bytes. */
function formatVmwareUuid(id: Uint8Array): string {
  const order = [3, 2, 1, 0, 7, 6, 5, 4, 9, 8, 10, 11, 12, 13, 14, 15];
  const hex = order.map((index) => (id[index] ?? 0).toString(16).padStart(2, '0'));
  return hex.join('').replace(/^(.{8})(.{8})(.{4})/, '$1-$2-$3-');
}

export const vmfsMember: Format = format({
  type: 'VMFS_volume_member',
  usage: 'raid',
  kind: 'member',
  magics: [[1 * mib, 0, '\x0d\xd0\x01\xc0']],
  bytes: 600,
  fields: { version: dotted(u32(4)), uuid: text(532, 35), device_uuid: bytes(130, 16) },
  details: (sb) => ({ members: { deviceUuid: formatVmwareUuid(sb.device_uuid) } }),
});

export const ubi: Format = format({
  type: 'ubi',
  usage: 'raid',
  kind: 'container',
  magics: [[0, 0, 'UBI#']],
  bytes: 64,
  fields: {
    version: dotted(u8(4)),
    uuid: map(be32(24), (sequence) => (sequence === 0 ? undefined : `${sequence}`)),
  },
});

export const vdo: Format = format({
  type: 'vdo',
  usage: 'other',
  kind: 'container',
  magics: [[0, 0, 'dmvdo001']],
  bytes: 56,
  fields: { uuid: uuid(40) },
});

export const oracleAsm: Format = format({
  type: 'oracleasm',
  kind: 'other',
  magics: [[0, 32, 'ORCLDISK']],
  bytes: 64,
  fields: { label: text(40, 24) },
});

export const mpool: Format = format({
  type: 'mpool',
  kind: 'member',
  magics: [[0, 0, 'mpoolDev']],
  bytes: 64,
  fields: { label: text(8, 32), uuid: uuid(40) },
});

// File systems.

const reiserVersions: Readonly<Record<string, string>> = {
  ReIsErFs: '3.5',
  ReIsEr2Fs: '3.6',
  ReIsEr3Fs: 'JR',
};

export const reiserfs: Format = format({
  type: 'reiserfs',
  minBytes: 128 * kib,
  magics: [
    [8 * kib, 0x34, 'ReIsErFs'],
    [64 * kib, 0x34, 'ReIsEr2Fs'],
    [64 * kib, 0x34, 'ReIsEr3Fs'],
    [64 * kib, 0x34, 'ReIsErFs'],
    [8 * kib, 20, 'ReIsErFs'],
  ],
  bytes: 204,
  fields: {
    s_journal_block: u32(12),
    s_blocksize: u16(44),
    s_uuid: uuid(84),
    s_label: text(100, 16),
  },
  sane(sb, { baseBytes }) {
    if (sb.s_blocksize < 512) return false;
    // The journal holds copies of the superblock: one behind the journal's start is such a copy.
    const position = Math.floor(baseBytes / kib / (sb.s_blocksize >> 9));
    return position <= Math.floor(sb.s_journal_block / 2);
  },
  details: (sb, { magic }) => ({
    version: reiserVersions[magic],
    blockSizeBytes: sb.s_blocksize,
    // Version 3.5 has neither.
    ...(magic === 'ReIsErFs' ? {} : { label: sb.s_label, uuid: sb.s_uuid }),
  }),
});

export const reiser4: Format = format({
  type: 'reiser4',
  minBytes: 128 * kib,
  magics: [[64 * kib, 0, 'ReIsEr4']],
  bytes: 52,
  fields: {
    blockSizeBytes: map(u8(19), (blocks) => blocks * 256),
    uuid: uuid(20),
    label: text(36, 16),
    version: constant('4'),
  },
});

/** HPFS of OS/2: a second magic number, and label and serial number in the boot sector. */
export const hpfs: Format = format({
  type: 'hpfs',
  magics: [[8 * kib, 0, '\x49\xe8\x95\xf9']],
  bytes: 520,
  fields: { version: dotted(u8(8)), blockSizeBytes: constant(512) },
  sane: (_, { superblock }) => superblock.matches(512, '\x49\x18\x91\xf9'),
  async details(_, { disk }) {
    const boot = await disk.fields(0, 512);
    const named =
      boot?.matches(510, '\x55\xaa') && boot.matches(54, 'HPFS') && boot.u8(38) === 0x28;
    if (boot === undefined || named !== true) return {};
    return { label: byteLabel(boot.slice(43, 11)), uuid: formatSerial(boot.u32(39)) };
  },
});

export const refs: Format = format({ type: 'ReFS', magics: [[0, 0, '\0\0\0ReFS\0']] });

/** GFS and GFS2 have the same magic number; the numbers of their formats tell them apart. */
const gfs = {
  minBytes: 32 * mib,
  magics: [[64 * kib, 0, '\x01\x16\x19\x70']],
  bytes: 272,
} as const;
const gfsFields = {
  sb_fs_format: be32(24),
  sb_multihost_format: be32(28),
  label: text(160, 64),
  uuid: uuid(256),
};

export const gfs1: Format = format({
  ...gfs,
  type: 'gfs',
  fields: gfsFields,
  sane: (sb) => sb.sb_fs_format === 1309 && sb.sb_multihost_format === 1401,
});

const gfs2Fields = { ...gfsFields, version: constant('1'), blockSizeBytes: be32(36) };

export const gfs2: Format = format({
  ...gfs,
  type: 'gfs2',
  fields: gfs2Fields,
  sane: (sb) =>
    Math.floor(sb.sb_fs_format / 100) === 18 && Math.floor(sb.sb_multihost_format / 100) === 19,
});

export const ocfs: Format = format({
  type: 'ocfs',
  minBytes: 14_000 * kib,
  magics: [[8 * kib, 0, 'OracleCFS']],
});

export const ocfs2: Format = format({
  type: 'ocfs2',
  minBytes: 14_000 * kib,
  magics: [1, 2, 4, 8].map((place): Magic => [place * kib, 0, 'OCFSV2']),
  bytes: 352,
  fields: {
    version: dotted(u16(192), u16(194)),
    blockSizeBytes: map(u32(248), (log) => (log < 32 ? 2 ** log : undefined)),
    label: text(272, 64),
    uuid: uuid(336),
  },
});

export const vxfs: Format = format({
  type: 'vxfs',
  magics: [
    [1 * kib, 0, '\xf5\xfc\x01\xa5', 'little'],
    [8 * kib, 0, '\xa5\x01\xfc\xf5', 'big'],
  ],
  bytes: 44,
  fields: { version: dotted(u32(4)), blockSizeBytes: u32(32) },
});

/** NetWare's. */
export const nss: Format = format({
  type: 'nss',
  magics: [[4 * kib, 0, 'SPB5']],
  bytes: 512,
  fields: { major: u16(8), minor: u16(10) },
  details: (sb) => ({ version: `${sb.major}.${String(sb.minor).padStart(2, '0')}` }),
});

export const ubifs: Format = format({
  type: 'ubifs',
  magics: [[0, 0, '\x31\x18\x10\x06']],
  bytes: 160,
  fields: { fmt_version: u32(80), ro_compat_version: u32(124), uuid: uuid(108) },
  details: (sb) => ({ version: `w${sb.fmt_version}r${sb.ro_compat_version}` }),
});

/** The boot file system of UnixWare. */
export const bfs: Format = format({ type: 'bfs', magics: [[0, 0, '\xce\xfa\xad\x1b']] });

export const vmfs: Format = format({
  type: 'VMFS',
  magics: [[2 * mib, 0, '\x5e\xf1\xab\x2f']],
  bytes: 157,
  fields: {
    version: dotted(u8(8)),
    uuid: map(bytes(9, 16), formatVmwareUuid),
    label: text(29, 128),
  },
});

/** The file system of BeOS and Haiku. */
export const befs: Format = format({
  type: 'befs',
  minBytes: 1440 * kib,
  magics: [0, 512].flatMap((base): readonly Magic[] => [
    [base, 32, 'BFS1', 'big'],
    [base, 32, '1SFB', 'little'],
  ]),
  bytes: 160,
  fields: {
    label: text(0, 32),
    magic1: u32(32),
    fs_byte_order: u32(36),
    blockSizeBytes: u32(40),
    block_shift: u32(44),
    magic2: u32(68),
    magic3: u32(112),
    version: (sb) => (sb.littleEndian ? 'little-endian' : 'big-endian'),
  },
  sane: (sb) =>
    sb.magic1 === 0x42465331 &&
    sb.magic2 === 0xdd121031 &&
    sb.magic3 === 0x15b6830e &&
    sb.fs_byte_order === 0x42494745 &&
    sb.block_shift >= 10 &&
    sb.block_shift <= 13 &&
    sb.blockSizeBytes === 2 ** sb.block_shift,
});

export const apfs: Format = format({
  type: 'apfs',
  magics: [[0, 32, 'NXSB']],
  bytes: 88,
  fields: {
    o_type: u16(24),
    o_subtype_low: u16(28),
    o_subtype_high: u16(30),
    blockSizeBytes: u32(36),
    uuid: uuid(72),
  },
  sane: (sb) =>
    sb.o_type === 1 &&
    sb.o_subtype_low === 0 &&
    sb.o_subtype_high === 0 &&
    sb.blockSizeBytes === 4096,
});

export const zonefs: Format = format({
  type: 'zonefs',
  magics: [[0, 0, 'SFOZ']],
  bytes: 80,
  fields: { label: text(8, 32), uuid: uuid(40), blockSizeBytes: constant(4096) },
});

/**
 * Everything else that people meet, as a table of magic numbers: file systems that our kernel is built
 * without, containers of other systems, cluster and appliance formats. They are named, so that the
 * user learns «it holds X, which cannot be mounted here» instead of nothing.
 *
 * Magic numbers, places and names are those of libblkid 2.38 (libblkid/src/superblocks/*.c).
 */

import type { Disk } from '../cached-reader.ts';
import type { Detected, Format, Usage, VolumeKind } from '../detected.ts';
import { detected } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { byteLabel, formatSerial } from '../text.ts';

type Details = Partial<Pick<Detected, 'version' | 'blockSizeBytes' | 'members'>> & {
  readonly label?: string | undefined;
  readonly uuid?: string | undefined;
};

interface Row {
  readonly type: string;
  readonly usage?: Usage;
  readonly kind?: VolumeKind;
  /** [where the superblock begins, where in it the magic is, the magic]; one has to match. */
  readonly magics: readonly (readonly [number, number, string])[];
  /** How much of the superblock `read` looks at; nothing more is read where it is absent. */
  readonly bytes?: number;
  readonly minBytes?: number;
  /** What the superblock says; undefined: it is not this format after all. */
  readonly read?: (sb: Fields, magic: string, baseBytes: number) => Details | undefined;
}

const KIB = 1024;

/** VMware's order of the bytes of a UUID. */
function vmwareUuid(sb: Fields, at: number): string {
  const hex = [3, 2, 1, 0, 7, 6, 5, 4, 9, 8, 10, 11, 12, 13, 14, 15].map((index) =>
    sb
      .u8(at + index)
      .toString(16)
      .padStart(2, '0'),
  );
  return hex.join('').replace(/^(.{8})(.{8})(.{4})/, '$1-$2-$3-');
}

function gfsDetails(sb: Fields, version: string | undefined): Details {
  const details = { label: byteLabel(sb.slice(160, 64)), uuid: sb.uuid(256) };
  return version === undefined ? details : { ...details, version, blockSizeBytes: sb.big.u32(36) };
}

function befsDetails(little: Fields, magic: string): Details | undefined {
  const sb = magic === '1SFB' ? little : little.big;
  const log = sb.u32(44);
  const sane =
    sb.u32(32) === 0x42465331 &&
    sb.u32(68) === 0xdd121031 &&
    sb.u32(112) === 0x15b6830e &&
    sb.u32(36) === 0x42494745 &&
    log >= 10 &&
    log <= 13 &&
    sb.u32(40) === 2 ** log;
  if (!sane) return undefined;
  const version = sb.littleEndian ? 'little-endian' : 'big-endian';
  return { label: byteLabel(sb.slice(0, 32)), version, blockSizeBytes: sb.u32(40) };
}

function reiserDetails(sb: Fields, magic: string, baseBytes: number): Details | undefined {
  const blockBytes = sb.u16(44);
  if (blockBytes < 512) return undefined;
  // The journal holds copies of the superblock: one that lies beyond its own journal is such a copy.
  const position = Math.floor(baseBytes / KIB / (blockBytes >> 9));
  if (position > Math.floor(sb.u32(12) / 2)) return undefined;
  const named = magic === 'ReIsEr2Fs' || magic === 'ReIsEr3Fs';
  return {
    version: magic === 'ReIsEr3Fs' ? 'JR' : magic === 'ReIsEr2Fs' ? '3.6' : '3.5',
    blockSizeBytes: blockBytes,
    ...(named ? { label: byteLabel(sb.slice(100, 16)), uuid: sb.uuid(84) } : {}),
  };
}

function vxfsDetails(little: Fields): Details {
  const sb = little.u32(0) === 0xa501fcf5 ? little : little.big;
  return { version: `${sb.u32(4)}`, blockSizeBytes: sb.u32(32) };
}

/** Before the file systems, in libblkid's order: what is found here hides what is found later. */
const CONTAINER_ROWS: readonly Row[] = [
  {
    type: 'ceph_bluestore',
    usage: 'other',
    kind: 'other',
    magics: [[0, 0, 'bluestore block device']],
  },
  {
    type: 'drbdproxy_datalog',
    kind: 'other',
    minBytes: 16 * KIB,
    magics: [[0, 0, 'DRBDdlh*']],
    bytes: 40,
    read: (sb) => ({ uuid: sb.uuid(16), version: `v${sb.big64(8)}` }),
  },
];

/** What device-mapper keeps on disks; between LVM and LUKS in libblkid's order. */
const MAPPER_ROWS: readonly Row[] = [
  { type: 'DM_snapshot_cow', usage: 'other', kind: 'other', magics: [[0, 0, 'SnAp']] },
  {
    type: 'DM_verity_hash',
    usage: 'crypto',
    kind: 'other',
    magics: [[0, 0, 'verity\0\0']],
    bytes: 32,
    read: (sb) => (sb.u32(8) === 1 ? { uuid: sb.uuid(16), version: '1' } : undefined),
  },
  {
    type: 'DM_integrity',
    usage: 'crypto',
    kind: 'container',
    magics: [[0, 0, 'integrt\0']],
    bytes: 16,
    read: (sb) => (sb.u8(8) === 0 ? undefined : { version: `${sb.u8(8)}` }),
  },
];

/** Between LUKS and BitLocker in libblkid's order. */
const APPLIANCE_ROWS: readonly Row[] = [
  {
    type: 'VMFS_volume_member',
    usage: 'raid',
    kind: 'member',
    magics: [[1024 * KIB, 0, '\x0d\xd0\x01\xc0']],
    bytes: 600,
    read: (sb) => ({
      version: `${sb.u32(4)}`,
      uuid: byteLabel(sb.slice(532, 35)),
      members: { deviceUuid: vmwareUuid(sb, 130) },
    }),
  },
  {
    type: 'ubi',
    usage: 'raid',
    kind: 'container',
    magics: [[0, 0, 'UBI#']],
    bytes: 64,
    read: (sb) => ({
      version: `${sb.u8(4)}`,
      uuid: sb.big.u32(24) === 0 ? undefined : `${sb.big.u32(24)}`,
    }),
  },
  {
    type: 'vdo',
    usage: 'other',
    kind: 'container',
    magics: [[0, 0, 'dmvdo001']],
    bytes: 56,
    read: (sb) => ({ uuid: sb.uuid(40) }),
  },
];

const FILESYSTEM_ROWS_EARLY: readonly Row[] = [
  {
    type: 'reiserfs',
    minBytes: 128 * KIB,
    magics: [
      [8 * KIB, 0x34, 'ReIsErFs'],
      [64 * KIB, 0x34, 'ReIsEr2Fs'],
      [64 * KIB, 0x34, 'ReIsEr3Fs'],
      [64 * KIB, 0x34, 'ReIsErFs'],
      [8 * KIB, 20, 'ReIsErFs'],
    ],
    bytes: 204,
    read: reiserDetails,
  },
  {
    type: 'reiser4',
    minBytes: 128 * KIB,
    magics: [[64 * KIB, 0, 'ReIsEr4']],
    bytes: 52,
    read: (sb) => ({
      label: byteLabel(sb.slice(36, 16)),
      uuid: sb.uuid(20),
      version: '4',
      blockSizeBytes: sb.u8(19) * 256,
    }),
  },
];

const FILESYSTEM_ROWS: readonly Row[] = [
  { type: 'ReFS', magics: [[0, 0, '\0\0\0ReFS\0']] },
  {
    type: 'gfs',
    minBytes: 32 * KIB * KIB,
    magics: [[64 * KIB, 0, '\x01\x16\x19\x70']],
    bytes: 272,
    read: (sb) =>
      sb.big.u32(24) === 1309 && sb.big.u32(28) === 1401 ? gfsDetails(sb, undefined) : undefined,
  },
  {
    type: 'gfs2',
    minBytes: 32 * KIB * KIB,
    magics: [[64 * KIB, 0, '\x01\x16\x19\x70']],
    bytes: 272,
    read: (sb) =>
      Math.floor(sb.big.u32(24) / 100) === 18 && Math.floor(sb.big.u32(28) / 100) === 19
        ? gfsDetails(sb, '1')
        : undefined,
  },
  { type: 'ocfs', minBytes: 14000 * KIB, magics: [[8 * KIB, 0, 'OracleCFS']] },
  {
    type: 'ocfs2',
    minBytes: 14000 * KIB,
    magics: [1, 2, 4, 8].map((kib) => [kib * KIB, 0, 'OCFSV2'] as const),
    bytes: 352,
    read: (sb) => ({
      label: byteLabel(sb.slice(272, 64)),
      uuid: sb.uuid(336),
      version: `${sb.u16(192)}.${sb.u16(194)}`,
      ...(sb.u32(248) < 32 ? { blockSizeBytes: 2 ** sb.u32(248) } : {}),
    }),
  },
  {
    type: 'oracleasm',
    kind: 'other',
    magics: [[0, 32, 'ORCLDISK']],
    bytes: 64,
    read: (sb) => ({ label: byteLabel(sb.slice(40, 24)) }),
  },
  {
    type: 'vxfs',
    magics: [
      [1 * KIB, 0, '\xf5\xfc\x01\xa5'],
      [8 * KIB, 0, '\xa5\x01\xfc\xf5'],
    ],
    bytes: 44,
    read: vxfsDetails,
  },
];

const FILESYSTEM_ROWS_LATE: readonly Row[] = [
  {
    type: 'nss',
    magics: [[4 * KIB, 0, 'SPB5']],
    bytes: 512,
    read: (sb) => ({ version: `${sb.u16(8)}.${`${sb.u16(10)}`.padStart(2, '0')}` }),
  },
  {
    type: 'ubifs',
    magics: [[0, 0, '\x31\x18\x10\x06']],
    bytes: 160,
    read: (sb) => ({ uuid: sb.uuid(108), version: `w${sb.u32(80)}r${sb.u32(124)}` }),
  },
  { type: 'bfs', magics: [[0, 0, '\xce\xfa\xad\x1b']] },
  {
    type: 'VMFS',
    magics: [[2048 * KIB, 0, '\x5e\xf1\xab\x2f']],
    bytes: 157,
    read: (sb) => ({
      uuid: vmwareUuid(sb, 9),
      label: byteLabel(sb.slice(29, 128)),
      version: `${sb.u8(8)}`,
    }),
  },
  {
    type: 'befs',
    minBytes: 1440 * KIB,
    magics: [0, 512].flatMap((at) => [[at, 32, 'BFS1'] as const, [at, 32, '1SFB'] as const]),
    bytes: 160,
    read: befsDetails,
  },
];

/** After F2FS in libblkid's order. */
const FILESYSTEM_ROWS_LAST: readonly Row[] = [
  {
    type: 'mpool',
    kind: 'member',
    magics: [[0, 0, 'mpoolDev']],
    bytes: 64,
    read: (sb) => ({ label: byteLabel(sb.slice(8, 32)), uuid: sb.uuid(40) }),
  },
  {
    type: 'apfs',
    magics: [[0, 32, 'NXSB']],
    bytes: 88,
    read: (sb) =>
      sb.u16(24) === 1 && sb.u16(28) === 0 && sb.u16(30) === 0 && sb.u32(36) === 4096
        ? { uuid: sb.uuid(72), blockSizeBytes: 4096 }
        : undefined,
  },
  {
    type: 'zonefs',
    magics: [[0, 0, 'SFOZ']],
    bytes: 80,
    read: (sb) => ({
      label: byteLabel(sb.slice(8, 32)),
      uuid: sb.uuid(40),
      blockSizeBytes: 4096,
    }),
  },
];

async function probeRow(disk: Disk, row: Row): Promise<Detected | undefined> {
  for (const [base, at, magic] of row.magics) {
    const found = await disk.fields(base + at, magic.length);
    if (!found?.matches(0, magic)) continue;
    // libblkid looks no further than the first magic that matches.
    const sb = row.read && row.bytes ? await disk.fields(base, row.bytes) : found;
    const details = sb && (row.read ? row.read(sb, magic, base) : {});
    return details && detected({ type: row.type, kind: row.kind ?? 'filesystem', ...details });
  }
  return undefined;
}

function formatsOf(rows: readonly Row[]): readonly Format[] {
  return rows.map((row) => ({
    name: row.type,
    usage: row.usage ?? 'filesystem',
    minBytes: row.minBytes ?? 0,
    probe: (disk) => probeRow(disk, row),
  }));
}

export const containerRows: readonly Format[] = formatsOf(CONTAINER_ROWS);
export const mapperRows: readonly Format[] = formatsOf(MAPPER_ROWS);
export const applianceRows: readonly Format[] = formatsOf(APPLIANCE_ROWS);
export const earlyRows: readonly Format[] = formatsOf(FILESYSTEM_ROWS_EARLY);
export const middleRows: readonly Format[] = formatsOf(FILESYSTEM_ROWS);
export const lateRows: readonly Format[] = formatsOf(FILESYSTEM_ROWS_LATE);
export const lastRows: readonly Format[] = formatsOf(FILESYSTEM_ROWS_LAST);

/** HPFS of OS/2: a second magic, and label and serial number in the boot sector. */
export const hpfs: Format = {
  name: 'hpfs',
  usage: 'filesystem',
  async probe(disk) {
    const sb = await disk.fields(8 * KIB, 520);
    if (!sb?.matches(0, '\x49\xe8\x95\xf9') || !sb.matches(512, '\x49\x18\x91\xf9'))
      return undefined;
    const boot = await disk.fields(0, 512);
    const isNamed = (sector: Fields) =>
      sector.matches(510, '\x55\xaa') && sector.matches(54, 'HPFS') && sector.u8(38) === 0x28;
    const named = boot !== undefined && isNamed(boot) ? boot : undefined;
    return detected({
      type: 'hpfs',
      label: named && byteLabel(named.slice(43, 11)),
      uuid: named && formatSerial(named.u32(39)),
      version: `${sb.u8(8)}`,
      blockSizeBytes: 512,
    });
  },
};

/** DRBD keeps its metadata in the last 4 KiB; the disk's data lies before it, as with md 1.0. */
export const drbd: Format = {
  name: 'drbd',
  usage: 'raid',
  minBytes: 64 * KIB,
  async probe(disk) {
    const sb = (await disk.fields(disk.sizeBytes - 4 * KIB, 512))?.big;
    if (sb === undefined) return undefined;
    // DRBD 9 has the magic at the same place as 8 on purpose.
    const versions = new Map([
      [0x8374026b, 'v08'],
      [0x8374026c, 'v08'],
      [0x8374026d, 'v09'],
    ]);
    const version = versions.get(sb.u32(60));
    if (version === undefined) return undefined;
    const id = sb.big64(version === 'v09' ? 48 : 40);
    return detected({
      type: 'drbd',
      kind: 'member',
      uuid: id === 0n ? undefined : id.toString(16),
      version,
    });
  },
};

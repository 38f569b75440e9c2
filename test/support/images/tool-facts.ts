/**
 * What the tools keep of a folder that they make an image from, where the machine's own kernel
 * cannot look into it: the facts that `fsbridge manifest` can be held to. Tools lose nanoseconds,
 * owners above 16 bits, xattrs; the loss is in the image, and each is named here with where it
 * comes from.
 */
import type { Difference } from '../native/manifest-compare.ts';
import { compareManifests, pathBytes, pathText } from '../native/manifest-compare.ts';
import type { ManifestEntry } from '../native/native-mount.ts';

interface ToolFacts {
  /** The fields of an entry as the image has them; undefined where it is not judged at all. */
  readonly keeps: (entry: ManifestEntry) => ManifestEntry | undefined;
  /** Whether the tool leaves the entry out. Where it is there all the same, it is judged. */
  readonly lacks?: (entry: ManifestEntry) => boolean;
  /** Entries that the tool makes, or that a recipe adds. */
  readonly adds?: RegExp;
}

const isRootFolder = (entry: ManifestEntry): boolean => entry.path === '/';

/** Seconds since 1970, rounded down. */
const secondsOf = (entry: ManifestEntry): bigint => BigInt((entry.mtime ?? '0').split('.')[0] ?? 0);

/** As an image without nanoseconds has it. */
const wholeSeconds = (seconds: bigint): string => `${seconds}.000000000`;

/** The entry without some of its fields. */
function without(entry: ManifestEntry, ...fields: readonly (keyof ManifestEntry)[]): ManifestEntry {
  const names = new Set<string>(fields);
  return Object.fromEntries(Object.entries(entry).filter(([name]) => !names.has(name)));
}

const lastName = (entry: ManifestEntry): Buffer => {
  const path = pathBytes(entry);
  return path.subarray(path.lastIndexOf(0x2f) + 1);
};

const isSpecial = ({ type }: ManifestEntry): boolean =>
  ['char', 'block', 'fifo', 'socket'].includes(type ?? '');

/**
 * mke2fs 1.47 -d (misc/create_inode.c): 32 bits of seconds, and nothing of the top folder's inode.
 */
const mke2fs: ToolFacts = {
  keeps: (entry) =>
    isRootFolder(entry)
      ? { path: '/', type: 'directory' }
      : { ...entry, mtime: wholeSeconds(BigInt.asIntN(32, secondsOf(entry))) },
  adds: /^\/(lost\+found|casefolded(\/.*)?)$/,
};

/** As in test/support/images/xfs-protofile.ts, of a whole path. */
const protofilePlain = /^[\w./+-]+$/;
const maxProtofileTargetBytes = 250;

/** mkfs.xfs -p (mkfs/proto.c): no times, no xattrs, no sticky bit; a hard link is a file more. */
const protofile: ToolFacts = {
  keeps(entry) {
    if (isRootFolder(entry)) return { path: '/', type: 'directory' };
    const kept = without(entry, 'mtime', 'xattrs', 'nlink');
    return { ...kept, mode: (entry.mode ?? 0) & 0o6777 };
  },
  lacks({ path, type, uid = 0, gid = 0, target = '' }) {
    if (path === undefined || !protofilePlain.test(path)) return true;
    if (['char', 'block', 'socket'].includes(type ?? '') || uid >= 2 ** 31 || gid >= 2 ** 31) {
      return true;
    }
    if (type === 'symlink' && !protofilePlain.test(target)) return true;
    // Names that differ in case alone: CASE is the first of them.
    return target.length > maxProtofileTargetBytes || /^\/names\/(Case|cASE|case)$/.test(path);
  },
};

/**
 * sload.f2fs 1.15 (fsck/sload.c): no special files, no xattrs; owners of 16 bits, seconds of 32.
 */
const sload: ToolFacts = {
  lacks: isSpecial,
  keeps(entry) {
    if (isRootFolder(entry)) return { path: '/', type: 'directory' };
    const owner = { uid: (entry.uid ?? 0) & 0xffff, gid: (entry.gid ?? 0) & 0xffff };
    const mtime = wholeSeconds(BigInt.asUintN(32, secondsOf(entry)));
    return { ...without(entry, 'xattrs'), ...owner, mtime };
  },
  adds: /^\/lost\+found$/,
};

/** Linux cuts a Rock Ridge name before the piece that makes it 254 bytes (fs/isofs/rock.c, NM). */
const rockRidgeNameBytes = 253;

/** The end of 2155: a year is a byte after 1900 (ECMA-119, 9.1.5). */
const isoLastSecond = 5_869_583_999n;

/**
 * xorriso -as mkisofs -R: seconds; 1 as the links of a directory; no xattrs, and of an ACL the
 * group's part as the mode's. A device number as 32 bits in one word, of which Linux takes 8 for
 * the minor (fs/isofs/rock.c, PN).
 */
const rockRidge: ToolFacts = {
  keeps(entry) {
    if (lastName(entry).length > rockRidgeNameBytes) return undefined;
    const acl = Object.keys(entry.xattrs ?? {}).some((name) => name.startsWith('system.posix_acl'));
    const lost: (keyof ManifestEntry)[] = ['xattrs'];
    if (acl) lost.push('mode');
    if (entry.type === 'directory') lost.push('nlink');
    const seconds = secondsOf(entry) > isoLastSecond ? isoLastSecond : secondsOf(entry);
    const kept = { ...without(entry, ...lost), mtime: wholeSeconds(seconds) };
    if (entry.rdev === undefined) return kept;
    return { ...kept, rdev: [entry.rdev[0], entry.rdev[1] & 0xff] };
  },
  adds: /^\/names\/.{84,}$|^base64:/,
};

/** The longest name: 63 words of 4 bytes (include/uapi/linux/cramfs_fs.h, CRAMFS_NAMELEN_WIDTH). */
const cramfsNameBytes = 252;
const cramfsFirstLost: Buffer = Buffer.alloc(cramfsNameBytes + 1, 'n');

/**
 * mkfs.cramfs (struct cramfs_inode): no times, 16 bits of the uid and 8 of the gid, 8 + 8 bits of a
 * device number, every link a file of its own, no xattrs.
 *
 * A name of 253 bytes or more has its length written as 0, where readdir ends with EIO as
 * fsck.cramfs ends as well: /names, which is in the order of names, goes as far as that. And files
 * of the same content share it, which makes one inode of them for Linux (fs/cramfs/inode.c,
 * cramino): the symlink kinds/link-6 has what the file names/café has, so it may be seen as
 * either.
 */
const cramfs: ToolFacts = {
  lacks(entry) {
    const isName = pathBytes(entry).subarray(0, 7).equals(Buffer.from('/names/'));
    return isName && pathBytes(entry).subarray(7).compare(cramfsFirstLost) >= 0;
  },
  keeps(entry) {
    if (entry.path === '/kinds/link-6' || entry.path === '/names/caf\u00e9') return undefined;
    const kept: ManifestEntry = {
      ...without(entry, 'xattrs'),
      nlink: 1,
      mtime: '0.000000000',
      uid: (entry.uid ?? 0) & 0xffff,
      gid: (entry.gid ?? 0) & 0xff,
    };
    if (entry.path === '/names') return { ...kept, error: 'EIO' };
    if (entry.rdev === undefined) return kept;
    return { ...kept, rdev: [entry.rdev[0] & 0xff, entry.rdev[1] & 0xff] };
  },
};

const FACTS: Readonly<Record<string, ToolFacts>> = {
  ext2: mke2fs,
  ext3: mke2fs,
  ext4: mke2fs,
  xfs: protofile,
  f2fs: sload,
  iso9660: rockRidge,
  cramfs,
};

/** Whether it is known what the tools of this type keep. */
export function toolFactsKnown(type: string): boolean {
  return Object.hasOwn(FACTS, type);
}

/**
 * Where an image that a tool has made from a folder does not have what the tool keeps of it. A
 * field that the tool loses is not looked at; an entry that is in one of the two places alone is.
 */
export function compareWithSource(
  type: string,
  ours: readonly ManifestEntry[],
  source: readonly ManifestEntry[],
): Difference[] {
  const { keeps, lacks, adds } = FACTS[type] ?? mke2fs;
  const seen = new Map(ours.map((entry) => [pathText(entry), entry]));
  const expected = new Map<string, ManifestEntry>();
  for (const entry of source) {
    const text = pathText(entry);
    const kept = keeps(entry);
    if (kept === undefined) seen.delete(text);
    else if (seen.has(text) || lacks?.(entry) !== true) expected.set(text, kept);
  }
  const judged = [...seen].flatMap(([text, entry]) => {
    const wanted = expected.get(text);
    if (wanted === undefined) return adds?.test(text) === true ? [] : [entry];
    // A field that the tool loses is left out, but never an error.
    const fields = Object.entries(entry).filter(([name]) => name in wanted || name === 'error');
    return [Object.fromEntries(fields) as ManifestEntry];
  });
  return compareManifests(judged, [...expected.values()]);
}

/**
 * The FUSE protocol's numbers: linux/fuse.h, protocol 7.31 to 7.45. Operation codes are in
 * operations.ts.
 *
 * Structures are given as word offsets (of 32 bits) from the structure's start, as everything in
 * the protocol lies on a multiple of four bytes. Numbers of 64 bits take two words, the low one
 * first: every machine that Node runs on is little-endian.
 */

export const major = 7;
/** The newest minor version that this side knows, and the oldest that it works with. */
export const minor = 45;
export const minMinor = 31;

export const rootId = 1;

/** Bytes of the headers, and words where the body starts. */
export const inHeaderBytes = 40;
export const outHeaderBytes = 16;
export const inBody = 10;
export const outBody = 4;

/** fuse_in_header */
export const inHeader = {
  len: 0,
  opcode: 1,
  unique: 2,
  nodeid: 4,
  uid: 6,
  gid: 7,
  pid: 8,
  /** The low half: the length of the extensions behind the request, in units of 8 bytes. */
  totalExtlen: 9,
} as const;

/** Sizes in bytes: of everything that is sent, and of what is read beyond its first words. */
export const sizes = {
  attr: 88,
  attrOut: 104,
  entryOut: 128,
  openOut: 16,
  initIn: 64,
  initOut: 64,
  statfsOut: 80,
  statxOut: 288,
  writeIn: 40,
  writeOut: 8,
  getxattrOut: 8,
  lseekOut: 8,
  ioctlOut: 16,
  setattrIn: 88,
  dirent: 24,
  direntplus: 152,
  notifyInvalInodeOut: 24,
} as const;

/** fuse_attr */
export const attr = {
  ino: 0,
  size: 2,
  blocks: 4,
  atime: 6,
  mtime: 8,
  ctime: 10,
  atimensec: 12,
  mtimensec: 13,
  ctimensec: 14,
  mode: 15,
  nlink: 16,
  uid: 17,
  gid: 18,
  rdev: 19,
  blksize: 20,
  flags: 21,
} as const;

/** fuse_entry_out; its attributes begin at `attr`. */
export const entryOut = {
  nodeid: 0,
  generation: 2,
  entryValid: 4,
  attrValid: 6,
  entryValidNsec: 8,
  attrValidNsec: 9,
  attr: 10,
} as const;

/** fuse_attr_out */
export const attrOut = { attrValid: 0, attrValidNsec: 2, attr: 4 } as const;

/** fuse_setattr_in */
export const setattrIn = {
  valid: 0,
  fh: 2,
  size: 4,
  atime: 8,
  mtime: 10,
  ctime: 12,
  atimensec: 14,
  mtimensec: 15,
  ctimensec: 16,
  mode: 17,
  uid: 19,
  gid: 20,
} as const;

/** The bits of fuse_setattr_in.valid. */
export const fattr = {
  mode: 0x1,
  uid: 0x2,
  gid: 0x4,
  size: 0x8,
  atime: 0x10,
  mtime: 0x20,
  fh: 0x40,
  atimeNow: 0x80,
  mtimeNow: 0x100,
  lockOwner: 0x200,
  ctime: 0x400,
  killSuidgid: 0x800,
} as const;

/** fuse_init_out, in words; the halves at maxBackground and maxPages are of 16 bits. */
export const initOut = {
  major: 0,
  minor: 1,
  maxReadahead: 2,
  flags: 3,
  backgroundAndCongestion: 4,
  maxWrite: 5,
  timeGran: 6,
  maxPagesAndMapAlignment: 7,
  flags2: 8,
} as const;

/** FUSE_INIT's flags of the first word, copied from the header whole: not all are used. */
export const initFlags = {
  asyncRead: 0x1,
  posixLocks: 0x2,
  atomicTrunc: 0x8,
  exportSupport: 0x10,
  bigWrites: 0x20,
  dontMask: 0x40,
  flockLocks: 0x400,
  ioctlDir: 0x800,
  autoInvalData: 0x1000,
  readdirplus: 0x2000,
  readdirplusAuto: 0x4000,
  asyncDio: 0x8000,
  writebackCache: 0x10000,
  noOpenSupport: 0x20000,
  parallelDirops: 0x40000,
  handleKillpriv: 0x80000,
  posixAcl: 0x100000,
  abortError: 0x200000,
  maxPages: 0x400000,
  cacheSymlinks: 0x800000,
  noOpendirSupport: 0x1000000,
  explicitInvalData: 0x2000000,
  handleKillprivV2: 0x10000000,
  setxattrExt: 0x20000000,
  initExt: 0x40000000,
} as const;

/**
 * FUSE_INIT's flags of the second word (bits 32 and up), copied as far as they matter to a disk.
 */
export const initFlags2 = {
  createSuppGroup: 0x4,
  hasExpireOnly: 0x8,
  directIoAllowMmap: 0x10,
} as const;

/** FOPEN_*, copied from the header: not all are used. */
export const fopen = {
  directIo: 0x1,
  keepCache: 0x2,
  cacheDir: 0x8,
  noflush: 0x20,
  parallelDirectWrites: 0x40,
} as const;

export const writeKillSuidgid: number = 0x4;
export const setxattrAclKillSgid: number = 0x1;
export const fsyncFdatasync: number = 0x1;

/** fuse_notify_code */
export const notifyInvalInode = 2;

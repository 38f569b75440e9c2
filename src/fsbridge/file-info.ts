/**
 * What Windows knows of a file besides its content: FSP_FSCTL_FILE_INFO, FILE_ALL_INFORMATION and
 * their like are made of it.
 *
 * It is filled for every request, so it holds numbers alone: 64-bit values that do not fit a number
 * are in two words, the way a transport writes them out.
 */
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Statx } from '../vfs-linux/statx.ts';
import { FILE_ATTRIBUTE, fileAttributesOf } from './translate/attributes.ts';
import type { DosAttrib } from './translate/dos-attrib.ts';

const word = 4294967296;
/** Seconds from 1601 to 1970. */
const epochSec = 11644473600;
const ticksPerSec = 10_000_000;
/** Times beyond this are clamped: FILETIME is a signed number (MS-FSCC 2.4.7), 2^63 - 1 at most. */
const latestSec = 922337203685;
const latestNsec = 477580700;

export class FileInfo {
  /** FILE_ATTRIBUTE_*; FILE_ATTRIBUTE_NORMAL where there is no other. */
  fileAttributes = 0;
  /** Where fileAttributes has FILE_ATTRIBUTE_REPARSE_POINT. */
  reparseTag = 0;
  allocationSize = 0;
  fileSize = 0;
  creationTimeLow = 0;
  creationTimeHigh = 0;
  lastAccessTimeLow = 0;
  lastAccessTimeHigh = 0;
  lastWriteTimeLow = 0;
  lastWriteTimeHigh = 0;
  changeTimeLow = 0;
  changeTimeHigh = 0;
  /** The inode's number: the same for all names of a file. */
  indexNumberLow = 0;
  indexNumberHigh = 0;
  hardLinks = 0;
  /** Bytes that the file's EAs take in a FILE_FULL_EA_INFORMATION list. */
  eaSize = 0;

  get creationTime(): bigint {
    return join(this.creationTimeLow, this.creationTimeHigh);
  }

  get lastAccessTime(): bigint {
    return join(this.lastAccessTimeLow, this.lastAccessTimeHigh);
  }

  get lastWriteTime(): bigint {
    return join(this.lastWriteTimeLow, this.lastWriteTimeHigh);
  }

  get changeTime(): bigint {
    return join(this.changeTimeLow, this.changeTimeHigh);
  }

  get indexNumber(): bigint {
    return join(this.indexNumberLow, this.indexNumberHigh);
  }
}

function join(low: number, high: number): bigint {
  return BigInt(high) * BigInt(word) + BigInt(low);
}

/** What an inode's FileInfo is made of beside its statx. */
export interface InfoFacts {
  readonly dos: DosAttrib | undefined;
  readonly reparseTag: number;
  readonly isDirectoryLink: boolean;
  readonly eaSize: number;
}

/**
 * FILE_ATTRIBUTE_* that user.DOSATTRIB keeps for an inode. A file without it is one of which Windows has
 * set nothing yet, and which no backup on Windows has seen: ARCHIVE, as NTFS gives every new file. So
 * what Windows writes needs no extended attribute for that.
 */
export function storedAttributes(dos: DosAttrib | null | undefined, type: number): number {
  return dos?.attributes ?? (type === abi.S_IFREG ? FILE_ATTRIBUTE.ARCHIVE : 0);
}

export function fillInfo(info: FileInfo, statx: Statx, facts: InfoFacts): void {
  const isFile = statx.type === abi.S_IFREG;
  info.fileAttributes = fileAttributesOf(statx, {
    dosAttributes: storedAttributes(facts.dos, statx.type),
    isDirectoryLink: facts.isDirectoryLink,
  });
  info.reparseTag = facts.reparseTag;
  info.fileSize = isFile ? statx.size : 0;
  info.allocationSize = isFile ? allocationOf(statx) : 0;
  info.hardLinks = statx.type === abi.S_IFDIR ? 1 : statx.nlink;
  info.eaSize = facts.eaSize;
  info.indexNumberLow = statx.inoLow;
  info.indexNumberHigh = statx.inoHigh;
  fillTimes(info, statx, facts.dos);
}

/**
 * Windows takes a file whose allocation is less than its size for sparse or compressed, and those are
 * (FILE_ATTRIBUTE_SPARSE_FILE); small files within their inode have no block, and count one.
 */
function allocationOf(statx: Statx): number {
  const allocated = statx.blocks * 512;
  const { blksize, size } = statx;
  const missing = size - allocated;
  if (missing <= 0 || missing >= blksize) return allocated;
  return Math.ceil(size / blksize) * blksize;
}

function fillTimes(info: FileInfo, statx: Statx, dos: DosAttrib | undefined): void {
  const created = dos?.creationTime;
  if (created !== undefined) {
    info.creationTimeHigh = Number(created >> 32n);
    info.creationTimeLow = Number(created & 0xffffffffn);
  } else {
    if (statx.hasBtime) splitTime(statx.btimeSec, statx.btimeNsec);
    else splitTime(statx.mtimeSec, statx.mtimeNsec);
    info.creationTimeHigh = highWord;
    info.creationTimeLow = lowWord;
  }
  splitTime(statx.atimeSec, statx.atimeNsec);
  info.lastAccessTimeHigh = highWord;
  info.lastAccessTimeLow = lowWord;
  splitTime(statx.mtimeSec, statx.mtimeNsec);
  info.lastWriteTimeHigh = highWord;
  info.lastWriteTimeLow = lowWord;
  splitTime(statx.ctimeSec, statx.ctimeNsec);
  info.changeTimeHigh = highWord;
  info.changeTimeLow = lowWord;
}

/** What splitTime made of its time: two words, and no object for them. */
let highWord = 0;
let lowWord = 0;

/**
 * A FILETIME has 57 bits today, a number 53: so it is counted in two parts of 65536 seconds' weight.
 * The result is that of times.ts's toFileTime, and a test compares them.
 */
function splitTime(sec: number, nsec: number): void {
  const since1601 = sec + epochSec;
  if (since1601 < 0) {
    highWord = 0;
    lowWord = 1;
    return;
  }
  if (since1601 > latestSec || (since1601 === latestSec && nsec > latestNsec)) {
    highWord = 0x7fffffff;
    lowWord = 0xffffffff;
    return;
  }
  const upper = Math.floor(since1601 / 65536) * ticksPerSec;
  const lower = (since1601 % 65536) * ticksPerSec + Math.floor(nsec / 100);
  const rest = (upper % 65536) * 65536 + lower;
  highWord = Math.floor(upper / 65536) + Math.floor(rest / word);
  lowWord = rest % word;
  // 0 would be no time at all.
  if (highWord === 0 && lowWord === 0) lowWord = 1;
}

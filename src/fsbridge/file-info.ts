/**
 * Attributes, times, sizes and numbers of a file: FSP_FSCTL_FILE_INFO, FILE_ALL_INFORMATION and
 * their like are made of them.
 *
 * A FileInfo is filled for every request, so it holds numbers alone: 64-bit values that do not fit
 * a number are in two words, the way a transport writes them out.
 */
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Statx } from '../vfs-linux/statx.ts';
import { FILE_ATTRIBUTE, fileAttributesOf } from './translate/attributes.ts';
import type { DosAttrib } from './translate/dos-attrib.ts';
import { writeFileTime } from './translate/times.ts';

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
}

function join(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

/** What a FileInfo needs to know of an inode besides its statx. */
export interface InfoFacts {
  readonly dos: DosAttrib | undefined;
  readonly reparseTag: number;
  readonly isDirectoryLink: boolean;
  readonly eaSize: number;
}

/**
 * FILE_ATTRIBUTE_* that user.DOSATTRIB keeps for an inode. A file without that attribute has
 * ARCHIVE, as NTFS gives it to every new file: no backup on Windows has seen it. So a file that
 * Windows writes needs no extended attribute.
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
 * Windows takes a file whose allocation is less than its size for sparse or compressed, which is
 * right for files with holes. A small file inside its inode has no block, and counts one.
 */
function allocationOf(statx: Statx): number {
  const allocated = statx.blocks * 512;
  const { blksize, size } = statx;
  const missing = size - allocated;
  if (missing <= 0 || missing >= blksize) return allocated;
  return Math.ceil(size / blksize) * blksize;
}

/** The time that was written last: one object for all, as none of them is kept. */
const words = { low: 0, high: 0 };

function fillTimes(info: FileInfo, statx: Statx, dos: DosAttrib | undefined): void {
  const created = dos?.creationTime;
  if (created !== undefined) {
    info.creationTimeHigh = Number(created >> 32n);
    info.creationTimeLow = Number(created & 0xffffffffn);
  } else {
    if (statx.hasBtime) writeFileTime(words, statx.btimeSec, statx.btimeNsec);
    else writeFileTime(words, statx.mtimeSec, statx.mtimeNsec);
    info.creationTimeHigh = words.high;
    info.creationTimeLow = words.low;
  }
  writeFileTime(words, statx.atimeSec, statx.atimeNsec);
  info.lastAccessTimeHigh = words.high;
  info.lastAccessTimeLow = words.low;
  writeFileTime(words, statx.mtimeSec, statx.mtimeNsec);
  info.lastWriteTimeHigh = words.high;
  info.lastWriteTimeLow = words.low;
  writeFileTime(words, statx.ctimeSec, statx.ctimeNsec);
  info.changeTimeHigh = words.high;
  info.changeTimeLow = words.low;
}

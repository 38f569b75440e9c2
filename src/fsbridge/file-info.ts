/**
 * What Windows knows of a file besides its content: FSP_FSCTL_FILE_INFO, FILE_ALL_INFORMATION and
 * their like are made of it.
 *
 * It is filled for every request, so it holds numbers alone: 64-bit values that do not fit a number
 * are in two words, the way a transport writes them out.
 */

const word = 4294967296;

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

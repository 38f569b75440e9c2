/** Linux's operations on an open file that Node's FileHandle lacks. */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { itself } from '../vfs-linux/calls.ts';
import type { PathLike } from '../vfs-linux/names.ts';
import type { Statx } from '../vfs-linux/statx.ts';
import { readXattr } from '../vfs-linux/tree/xattrs.ts';
import { invalidValue } from './argument-errors.ts';
import { toInteger } from './arguments.ts';
import { encodeName } from './escaped-names.ts';
import { OpenFile } from './open-file.ts';
import { type TimeNs, toTimeNs } from './times.ts';
import { type SetXattrOptions, writeXattr, xattrNames } from './xattr.ts';

/** A run of a file's bytes on the disk: FS_IOC_FIEMAP, Documentation/filesystems/fiemap.rst. */
export interface Extent {
  readonly logicalBytes: number;
  readonly physicalBytes: number;
  readonly lengthBytes: number;
  /** FIEMAP_EXTENT_…: abi has them. */
  readonly flags: number;
}

export interface CloneRange {
  readonly sourceOffsetBytes?: number;
  readonly offsetBytes?: number;
  /** 0, the default: to the source's end. */
  readonly lengthBytes?: number;
}

export interface CopyRange {
  readonly sourceOffsetBytes: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

export interface FallocateRange {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** fallocate(2)'s modes. */
export type FallocateMode =
  | 'allocate'
  | 'keep-size'
  | 'punch-hole'
  | 'zero-range'
  | 'collapse-range'
  | 'insert-range'
  | 'unshare-range';

const fallocateModes: Readonly<Record<FallocateMode, number>> = {
  allocate: 0,
  'keep-size': abi.FALLOC_FL_KEEP_SIZE,
  'punch-hole': abi.FALLOC_FL_PUNCH_HOLE | abi.FALLOC_FL_KEEP_SIZE,
  'zero-range': abi.FALLOC_FL_ZERO_RANGE,
  'collapse-range': abi.FALLOC_FL_COLLAPSE_RANGE,
  'insert-range': abi.FALLOC_FL_INSERT_RANGE,
  'unshare-range': abi.FALLOC_FL_UNSHARE_RANGE,
};

const extentsAtOnce = Math.floor(
  (abi.BRIDGE_BUFFER - abi['fiemap.fm_extents']) / abi['fiemap_extent.size'],
);
export class LinuxFile extends OpenFile {
  /** Everything that statx(2) answers. */
  async statx(): Promise<Statx> {
    const answer = await this.using('statx', (fd, calls) => calls.fstatx(fd));
    return this.context.found(answer, 'statx');
  }

  /** The offset of the next data or hole; throws ENXIO if there is none after offsetBytes. */
  lseek(offsetBytes: number, whence: 'data' | 'hole'): Promise<number> {
    if (whence !== 'data' && whence !== 'hole') {
      throw invalidValue('whence', whence, "must be 'data' or 'hole'");
    }
    const seek = whence === 'data' ? abi.SEEK_DATA : abi.SEEK_HOLE;
    toInteger(offsetBytes, 'offsetBytes', 0);
    return this.checked('lseek', (fd, calls) => calls.lseek(fd, offsetBytes, seek));
  }

  async fallocate(mode: FallocateMode, range: FallocateRange): Promise<void> {
    const bits = fallocateModes[mode];
    if (bits === undefined) throw invalidValue('mode', mode);
    await this.checked('fallocate', (fd, calls) =>
      calls.fallocate(fd, bits, range.offsetBytes, range.lengthBytes),
    );
  }

  /** Where the file lies on the disk. Its data is written there first. */
  async fiemap(): Promise<Extent[]> {
    const extents: Extent[] = [];
    const map = Buffer.alloc(abi['fiemap.fm_extents'] + extentsAtOnce * abi['fiemap_extent.size']);
    for (let start = 0; ; ) {
      map.fill(0);
      map.writeBigUInt64LE(BigInt(start), abi['fiemap.fm_start']);
      map.writeBigUInt64LE(0xffffffffffffffffn - BigInt(start), abi['fiemap.fm_length']);
      map.writeUInt32LE(abi.FIEMAP_FLAG_SYNC, abi['fiemap.fm_flags']);
      map.writeUInt32LE(extentsAtOnce, abi['fiemap.fm_extent_count']);
      await this.checked('fiemap', (fd, calls) => calls.ioctl(fd, abi.FS_IOC_FIEMAP, map));
      const mapped = map.readUInt32LE(abi['fiemap.fm_mapped_extents']);
      for (let i = 0; i < mapped; i++) extents.push(extentAt(map, i));
      const last = extents.at(-1);
      if (mapped < extentsAtOnce || last === undefined) return extents;
      if ((last.flags & abi.FIEMAP_EXTENT_LAST) !== 0) return extents;
      start = last.logicalBytes + last.lengthBytes;
    }
  }

  /** Shares the blocks of the source (XFS, btrfs): FICLONE or, with a range, FICLONERANGE. */
  async cloneFrom(source: LinuxFile, range?: CloneRange): Promise<void> {
    await source.using('clone', (sourceFd) =>
      this.checked('clone', (fd, calls) => {
        if (range === undefined) return calls.ioctlNumber(fd, abi.FICLONE, sourceFd);
        const structure = Buffer.alloc(abi['file_clone_range.size']);
        const set = (bytes: number, field: number): void => {
          structure.writeBigUInt64LE(BigInt(bytes), field);
        };
        set(sourceFd, abi['file_clone_range.src_fd']);
        set(range.sourceOffsetBytes ?? 0, abi['file_clone_range.src_offset']);
        set(range.lengthBytes ?? 0, abi['file_clone_range.src_length']);
        set(range.offsetBytes ?? 0, abi['file_clone_range.dest_offset']);
        return calls.ioctl(fd, abi.FICLONERANGE, structure);
      }),
    );
  }

  /**
   * Copies inside the kernel: copy_file_range(2). Answers the bytes copied: fewer at the file's
   * end.
   */
  copyRange(source: LinuxFile, range: CopyRange): Promise<number> {
    return source.using('copy_file_range', (sourceFd) =>
      this.checked('copy_file_range', async (fd, calls) => {
        const { sourceOffsetBytes, offsetBytes, lengthBytes } = range;
        for (let done = 0; ; ) {
          const ret = await calls.copyFileRange(
            { fd: sourceFd, offsetBytes: sourceOffsetBytes + done },
            { fd, offsetBytes: offsetBytes + done },
            lengthBytes - done,
          );
          if (ret < 0) return done > 0 ? done : ret;
          done += ret;
          if (ret === 0 || done === lengthBytes) return done;
        }
      }),
    );
  }

  /** The inode's flags, as lsattr(1) shows them: FS_IOC_GETFLAGS. */
  async flags(): Promise<number> {
    const word = Buffer.alloc(4);
    await this.checked('getflags', (fd, calls) => calls.ioctl(fd, abi.FS_IOC_GETFLAGS, word));
    return word.readUInt32LE(0);
  }

  /** As chattr(1): FS_IOC_SETFLAGS. */
  async setFlags(flags: number): Promise<void> {
    const word = Buffer.alloc(4);
    word.writeUInt32LE(flags, 0);
    await this.checked('setflags', (fd, calls) => calls.ioctl(fd, abi.FS_IOC_SETFLAGS, word));
  }

  /** utimes to the nanosecond. */
  async utimesNs(atime: TimeNs, mtime: TimeNs): Promise<void> {
    const access = toTimeNs(atime, 'atime');
    const change = toTimeNs(mtime, 'mtime');
    await this.checked('futime', (fd, calls) =>
      calls.utimensat(fd, '', { atime: access, mtime: change }, abi.AT_EMPTY_PATH),
    );
  }

  /** The attribute's value; undefined if the file has none of that name. */
  async getxattr(name: PathLike): Promise<Buffer | undefined> {
    const value = await this.using('getxattr', (fd) =>
      readXattr(this.context.calls, itself(fd), encodeName(name)),
    );
    return value === -errno.ENODATA ? undefined : this.context.found(value, 'getxattr');
  }

  async setxattr(
    name: PathLike,
    value: Uint8Array | string,
    options: SetXattrOptions = {},
  ): Promise<void> {
    await this.checked('setxattr', (fd) =>
      writeXattr(this.context, itself(fd), encodeName(name), value, options),
    );
  }

  async listxattr(): Promise<string[]> {
    const names = await this.using('listxattr', (fd) => xattrNames(this.context, itself(fd)));
    return this.context.found(names, 'listxattr');
  }

  async removexattr(name: PathLike): Promise<void> {
    await this.checked('removexattr', (fd, calls) =>
      calls.removexattrat(itself(fd), encodeName(name)),
    );
  }
}

function extentAt(map: Buffer, index: number): Extent {
  const at = abi['fiemap.fm_extents'] + index * abi['fiemap_extent.size'];
  return {
    logicalBytes: Number(map.readBigUInt64LE(at + abi['fiemap_extent.fe_logical'])),
    physicalBytes: Number(map.readBigUInt64LE(at + abi['fiemap_extent.fe_physical'])),
    lengthBytes: Number(map.readBigUInt64LE(at + abi['fiemap_extent.fe_length'])),
    flags: map.readUInt32LE(at + abi['fiemap_extent.fe_flags']),
  };
}

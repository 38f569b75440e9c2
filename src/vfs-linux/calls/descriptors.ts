/** The system calls on descriptors: open, read, write, and what goes with an open file. */
import type { Buffer } from 'node:buffer';
import { abi } from '../abi.gen.ts';
import { type Dirent64, decodeDirents } from '../dirents.ts';
import { type Errno, isErrno } from '../errno.ts';
import { windowBytes } from '../limits.ts';
import type { PathLike } from '../names.ts';
import { decodeStatfs, type Statfs } from '../statx.ts';
import { CallSlots, type Fd, plus, second, type Wide } from './slots.ts';

export class DescriptorCalls extends CallSlots {
  openat2(dirfd: Fd, path: PathLike, openFlags: number, mode = 0, resolve = 0): Promise<number> {
    const args = [dirfd, openFlags, mode, resolve];
    return this.named(abi.BRIDGE_OP_openat2, path, args, this.remember);
  }

  /** Opens what a descriptor (O_PATH too) stands for, as open("/proc/self/fd/N") would. */
  reopen(fd: Fd, openFlags: number): Promise<number> {
    return this.call(
      abi.BRIDGE_OP_reopen,
      (slot) => this.fill(slot, [fd, openFlags], []),
      this.remember,
    );
  }

  close(fd: Fd): Promise<number> {
    this.opened.delete(fd);
    return this.numbers(abi.BRIDGE_OP_close, [fd]);
  }

  /** Closes many at once; answers how many of them were not open. */
  async closeAll(fds: readonly Fd[]): Promise<number> {
    const most = abi.BRIDGE_THIRD / 4;
    let failed = 0;
    for (let from = 0; from < fds.length; from += most) {
      const some = fds.slice(from, from + most);
      for (const fd of some) this.opened.delete(fd);
      const ret = await this.call(abi.BRIDGE_OP_close_many, (slot) => {
        this.ring.arg(slot, 0, some.length);
        this.memory.u32.set(some, this.ring.buffer(slot) / 4);
      });
      if (ret < 0) return ret;
      failed += ret;
    }
    return failed;
  }

  /** Fills `target` as far as the file goes; a short count is the file's end. */
  pread(fd: Fd, target: Buffer, offsetBytes: Wide): Promise<number> {
    if (target.length > windowBytes) {
      return this.#inWindows(target, (part, at) => this.pread(fd, part, plus(offsetBytes, at)));
    }
    const fill = (slot: number): void => {
      this.ring.arg(slot, 0, fd);
      this.ring.arg(slot, 1, target.length);
      this.ring.wide(slot, 0, offsetBytes);
    };
    return this.call(abi.BRIDGE_OP_pread64, fill, undefined, target);
  }

  /**
   * Reads without a copy: `use` is given where the bytes lie, one after the other, in the kernel's
   * own pages, at most windowBytes of them. It runs at once and must not keep the pieces: they are
   * the file's bytes only until it returns. -EOPNOTSUPP where the file has no pages to show.
   */
  preadPages<T>(
    fd: Fd,
    lengthBytes: number,
    offsetBytes: Wide,
    use: (pieces: Uint8Array[]) => T,
  ): Promise<T | Errno> {
    return this.call<T | Errno>(
      abi.BRIDGE_OP_pread_pages,
      (slot) => this.fill(slot, [fd, lengthBytes], [offsetBytes]),
      (slot, ret) => {
        if (isErrno(ret)) return ret;
        const { bytes, u32 } = this.memory;
        const pieces: Uint8Array[] = [];
        for (let word = this.ring.buffer(slot) / 4; ; word += abi['bridge_piece.size'] / 4) {
          const length = u32[word + abi['bridge_piece.bytes'] / 4] as number;
          if (length === 0) return use(pieces);
          pieces.push(new Uint8Array(bytes.buffer, u32[word] as number, length));
        }
      },
    );
  }

  pwrite(fd: Fd, source: Buffer, offsetBytes: Wide): Promise<number> {
    if (source.length > windowBytes) {
      return this.#inWindows(source, (part, at) => this.pwrite(fd, part, plus(offsetBytes, at)));
    }
    const fill = (slot: number): void => {
      this.ring.arg(slot, 0, fd);
      this.ring.arg(slot, 1, source.length);
      this.ring.wide(slot, 0, offsetBytes);
    };
    return this.call(abi.BRIDGE_OP_pwrite64, fill, undefined, source);
  }

  /** One window after the other; stops at a short count, an error counts if nothing went before. */
  async #inWindows(
    buffer: Buffer,
    step: (part: Buffer, at: number) => Promise<number>,
  ): Promise<number> {
    let done = 0;
    while (done < buffer.length) {
      const part = buffer.subarray(done, done + windowBytes);
      const moved = await step(part, done);
      if (moved < 0) return done > 0 ? done : moved;
      done += moved;
      if (moved < part.length) break;
    }
    return done;
  }

  /** The next entries of an open directory; an empty list at its end. */
  getdents64(fd: Fd): Promise<Dirent64[] | Errno> {
    return this.call<Dirent64[] | Errno>(
      abi.BRIDGE_OP_getdents64,
      (slot) => this.fill(slot, [fd, abi.BRIDGE_DIRENTS], []),
      (slot, ret) => {
        if (isErrno(ret)) return ret;
        const word = this.ring.address(slot) + abi['bridge_slot.data'];
        return decodeDirents(this.memory, this.memory.u32[word >>> 2] as number, ret);
      },
    );
  }

  lseek(fd: Fd, offsetBytes: Wide, whence: number): Promise<number> {
    return this.numbers(abi.BRIDGE_OP_lseek, [fd, whence], [offsetBytes]);
  }

  fsync(fd: Fd): Promise<number> {
    return this.numbers(abi.BRIDGE_OP_fsync, [fd]);
  }

  fdatasync(fd: Fd): Promise<number> {
    return this.numbers(abi.BRIDGE_OP_fdatasync, [fd]);
  }

  /** Works on O_PATH descriptors too. */
  syncfs(fd: Fd): Promise<number> {
    return this.numbers(abi.BRIDGE_OP_syncfs, [fd]);
  }

  ftruncate(fd: Fd, lengthBytes: Wide): Promise<number> {
    return this.numbers(abi.BRIDGE_OP_ftruncate, [fd], [lengthBytes]);
  }

  fallocate(fd: Fd, mode: number, offsetBytes: Wide, lengthBytes: Wide): Promise<number> {
    return this.numbers(abi.BRIDGE_OP_fallocate, [fd, mode], [offsetBytes, lengthBytes]);
  }

  fadvise(fd: Fd, offsetBytes: Wide, lengthBytes: Wide, advice: number): Promise<number> {
    return this.numbers(abi.BRIDGE_OP_fadvise64, [fd, advice], [offsetBytes, lengthBytes]);
  }

  /** At most 2 GiB at a time; answers the bytes copied. */
  copyFileRange(
    from: Fd,
    fromOffsetBytes: Wide,
    to: Fd,
    toOffsetBytes: Wide,
    lengthBytes: number,
  ): Promise<number> {
    const length = Math.min(lengthBytes, 0x7ffff000);
    return this.numbers(
      abi.BRIDGE_OP_copy_file_range,
      [from, to, length, 0],
      [fromOffsetBytes, toOffsetBytes],
    );
  }

  /** ioctl(2) whose argument is a number or a descriptor. */
  ioctlNumber(fd: Fd, command: number, argument: number): Promise<number> {
    return this.numbers(abi.BRIDGE_OP_ioctl, [fd, command, argument]);
  }

  /** ioctl(2) on a structure of at most BRIDGE_BUFFER bytes, which is changed in place. */
  ioctl(fd: Fd, command: number, structure: Buffer): Promise<number> {
    return this.call(
      abi.BRIDGE_OP_ioctl,
      (slot) => {
        this.fill(slot, [fd, command, -1], []);
        structure.copy(this.memory.bytes, this.ring.buffer(slot));
      },
      (slot, ret) => {
        if (ret >= 0) {
          const start = this.ring.buffer(slot);
          this.memory.bytes.copy(structure, 0, start, start + structure.length);
        }
        return ret;
      },
    );
  }

  /** Thaws a frozen file system, past everything that waits for just that. */
  thaw(fd: Fd): Promise<number> {
    return this.ring.callUrgently(abi.BRIDGE_OP_ioctl, (slot) =>
      this.fill(slot, [fd, abi.FITHAW, 0], []),
    );
  }

  fstatfs(fd: Fd): Promise<Statfs | Errno> {
    return this.call<Statfs | Errno>(
      abi.BRIDGE_OP_fstatfs,
      (slot) => this.fill(slot, [fd], []),
      (slot, ret) =>
        isErrno(ret) ? ret : decodeStatfs(this.memory, this.ring.buffer(slot) + second),
    );
  }

  /**
   * Opens the file of a handle that nameToHandleAt gave, even one from an earlier mount. `mountFd` is
   * any descriptor of the mount, O_PATH too, or AT_FDCWD. No capability is needed to find the file.
   */
  openByHandleAt(mountFd: Fd, handle: Buffer, openFlags: number): Promise<number> {
    return this.call(
      abi.BRIDGE_OP_open_by_handle_at,
      (slot) => {
        this.fill(slot, [mountFd, openFlags], []);
        handle.copy(this.memory.bytes, this.ring.buffer(slot));
      },
      this.remember,
    );
  }
}

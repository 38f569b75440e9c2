/**
 * Reads directories together with their entries' inodes, for listings that stay as they are while
 * files come and go (cache/directory-snapshots.ts). The kernel is asked for entries, their statx
 * and user.DOSATTRIB in one request.
 */
import { type DirectorySnapshot, DirectorySnapshots } from '../cache/directory-snapshots.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import type { DirentStatx } from '../vfs-linux/dirents.ts';
import { type Errno, isErrno } from '../vfs-linux/errno.ts';
import type { Fcb } from './fcb.ts';

export class DirectoryReader {
  #calls: LinuxCalls;
  #closeFd: (fd: Fd) => void;
  #request: { readonly xattr?: string };
  #snapshots: DirectorySnapshots;
  /** Where the kernel continues, for each open directory. */
  #positions = new Map<Fd, bigint>();

  /** `xattr`: the attribute that is read with each entry. */
  constructor(calls: LinuxCalls, closeFd: (fd: Fd) => void, xattr: string | undefined) {
    this.#calls = calls;
    this.#closeFd = closeFd;
    this.#request = xattr === undefined ? {} : { xattr };
    this.#snapshots = new DirectorySnapshots({
      getdents64: (fd) => this.#read(fd),
      lseek: async (fd) => {
        this.#positions.set(fd, 0n);
        return 0;
      },
    });
  }

  async #read(fd: Fd): Promise<DirentStatx[] | Errno> {
    const position = this.#positions.get(fd) ?? 0n;
    const entries = await this.#calls.getdentsStatx(fd, position, this.#request);
    const last = isErrno(entries) ? undefined : entries.at(-1);
    if (last !== undefined) this.#positions.set(fd, last.next);
    return entries;
  }

  /** A listing that begins now, or a negative errno. */
  async open(directory: Fcb): Promise<{ fd: Fd; snapshot: DirectorySnapshot } | Errno> {
    const openFlags = abi.O_RDONLY | abi.O_DIRECTORY;
    const fd = await this.#calls.reopen(directory.handle, openFlags);
    return isErrno(fd) ? fd : { fd, snapshot: this.#snapshots.open(fd) };
  }

  close(fd: Fd, snapshot: DirectorySnapshot): void {
    snapshot.forget();
    this.#positions.delete(fd);
    this.#closeFd(fd);
  }
}

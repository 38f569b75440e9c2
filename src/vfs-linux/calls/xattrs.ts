/** Extended attributes below a directory's descriptor (Linux 6.13's calls; ops-xattr.c has them). */
import type { Buffer } from 'node:buffer';
import { abi, errno } from '../abi.gen.ts';
import type { PathLike } from '../names.ts';
import { NameCalls } from './names.ts';
import { empty, type Fd, fits, nameError, second } from './slots.ts';

export class XattrCalls extends NameCalls {
  #xattr(
    op: number,
    dirfd: Fd,
    path: PathLike,
    name: PathLike,
    args: readonly number[],
    value?: Buffer,
  ): Promise<number> {
    if (!fits(path)) return Promise.resolve(nameError(path));
    if (!fits(name)) return Promise.resolve(-errno.ERANGE);
    const fill = (slot: number): void => {
      this.fill(slot, [dirfd, ...args], []);
      this.writeName(this.ring.buffer(slot), path);
      this.writeName(this.ring.buffer(slot) + second, name);
    };
    return this.call(op, fill, undefined, value);
  }

  /** Fills `value` and answers the length; with an empty one only answers it. */
  getxattrat(
    dirfd: Fd,
    path: PathLike,
    atFlags: number,
    name: PathLike,
    value: Buffer,
  ): Promise<number> {
    const args = [atFlags, value.length];
    return this.#xattr(abi.BRIDGE_OP_getxattrat, dirfd, path, name, args, value);
  }

  setxattrat(
    dirfd: Fd,
    path: PathLike,
    atFlags: number,
    name: PathLike,
    value: Buffer,
    xattrFlags = 0,
  ): Promise<number> {
    const args = [atFlags, value.length, xattrFlags];
    return this.#xattr(abi.BRIDGE_OP_setxattrat, dirfd, path, name, args, value);
  }

  /** The names, each with a NUL behind it, in `list`; answers their length. */
  listxattrat(dirfd: Fd, path: PathLike, atFlags: number, list: Buffer): Promise<number> {
    const args = [atFlags, list.length];
    return this.#xattr(abi.BRIDGE_OP_listxattrat, dirfd, path, empty, args, list);
  }

  removexattrat(dirfd: Fd, path: PathLike, atFlags: number, name: PathLike): Promise<number> {
    return this.#xattr(abi.BRIDGE_OP_removexattrat, dirfd, path, name, [atFlags]);
  }
}

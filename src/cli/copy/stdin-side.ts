/** Standard input as the source of a copy: one file, whose size nobody knows beforehand. */
import { Buffer } from 'node:buffer';
import { FsBridgeError } from '../../errors.ts';
import { abi } from '../../vfs-linux/abi.gen.ts';
import type { Attributes, SourceFile, SourceSide, Xattr } from './sides.ts';

export class StdinSide implements SourceSide<undefined> {
  readonly #pieces = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  #left: Buffer = Buffer.alloc(0);

  /** Size 0 stands for a file that is read to its end. */
  async attributes(): Promise<Attributes> {
    const now = { sec: Math.floor(Date.now() / 1000), nsec: 0 };
    return {
      type: abi.S_IFREG,
      mode: 0o666 & ~process.umask(),
      uid: process.geteuid?.() ?? 0,
      gid: process.getegid?.() ?? 0,
      sizeBytes: 0,
      allocatedBytes: undefined,
      nlink: 1,
      identity: 'stdin',
      atime: now,
      mtime: now,
      rdev: [0, 0],
    };
  }

  async openFile(): Promise<SourceFile> {
    return {
      read: (buffer) => this.#read(buffer),
      nextData: async () => 'unknown',
      live: { changedSince: () => false },
      close: async () => {},
    };
  }

  async #read(buffer: Buffer): Promise<number> {
    while (this.#left.length === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) return 0;
      this.#left = next.value;
    }
    const got = this.#left.copy(buffer);
    this.#left = this.#left.subarray(got);
    return got;
  }

  async xattrs(): Promise<readonly Xattr[]> {
    return [];
  }

  openFolder(): Promise<never> {
    return Promise.reject(noTree());
  }

  names(): Promise<never> {
    return Promise.reject(noTree());
  }

  linkTarget(): Promise<never> {
    return Promise.reject(noTree());
  }

  async closeFolder(): Promise<void> {}

  async close(): Promise<void> {}
}

function noTree(): FsBridgeError {
  return new FsBridgeError('ENOTDIR', 'standard input', 'it is one file');
}

/**
 * Removes an entry, and a directory with everything below it.
 *
 * Invariants:
 * 1. No symbolic link is followed; everything goes by open directories and names.
 * 2. A directory is removed when the last entry in it is gone; it stays where one could not be.
 */
import type { Buffer } from 'node:buffer';
import { interruption } from '../host/interrupt.ts';
import { callError } from '../observe/messages.ts';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { joinPath, type OpenFd, openHeld, type Place, readNames } from './volume-path.ts';
import { workThrough } from './work-list.ts';

const width = 16;

interface Level {
  readonly above: Level | undefined;
  readonly folder: OpenFd;
  /** Its name in the folder above, and its path. */
  readonly name: Buffer;
  readonly path: Buffer;
  pending: number;
  failed: boolean;
}

interface Task {
  readonly level: Level;
  readonly name: Buffer;
}

export interface RemoveWish {
  readonly recursive: boolean;
  /** Told of each failure: the error of the call, and the path in it. */
  readonly onError: (error: Error) => void;
}

class Removal {
  readonly #volume: Volume;
  readonly #wish: RemoveWish;

  constructor(volume: Volume, wish: RemoveWish) {
    this.#volume = volume;
    this.#wish = wish;
  }

  async entry(task: Task, add: (more: Task) => void): Promise<void> {
    const { level, name } = task;
    const ret = await this.#volume.calls.unlinkat(level.folder.fd, name);
    // EISDIR is Linux's answer for a directory, EPERM that of POSIX (unlink(2)).
    const perhapsFolder = ret === -errno.EISDIR || ret === -errno.EPERM;
    if (perhapsFolder && this.#wish.recursive && (await this.#enter(task, ret, add))) return;
    if (ret < 0 && !(perhapsFolder && this.#wish.recursive)) this.#failed(level, name, ret);
    await this.#leave(level);
  }

  #failed(level: Level, name: Buffer, ret: number): void {
    level.failed = true;
    this.#wish.onError(callError(ret, joinPath(level.path, name)));
  }

  /** Goes into a directory; answers whether it is one, and is open. */
  async #enter(task: Task, refusal: number, add: (more: Task) => void): Promise<boolean> {
    const { level, name } = task;
    const flags = abi.O_RDONLY | abi.O_DIRECTORY | abi.O_NOFOLLOW | abi.O_NOATIME;
    const folder = await openHeld(this.#volume, level.folder.fd, name, flags);
    if (typeof folder === 'number') {
      this.#failed(level, name, folder === -errno.ENOTDIR ? refusal : folder);
      return false;
    }
    const { names, error } = await readNames(this.#volume.calls, folder.fd);
    const path = joinPath(level.path, name);
    const pending = names.length + 1;
    const inside: Level = { above: level, folder, name, path, pending, failed: false };
    if (error < 0) {
      inside.failed = true;
      this.#wish.onError(callError(error, path));
    }
    for (const each of names) add({ level: inside, name: each });
    await this.#leave(inside);
    return true;
  }

  /** One entry is done; directories whose last entry it was are removed. */
  async #leave(from: Level): Promise<void> {
    for (let level: Level = from; ; ) {
      level.pending--;
      if (level.pending > 0) return;
      await level.folder.close();
      const { above, name } = level;
      if (above === undefined) return;
      if (level.failed) {
        above.failed = true;
      } else {
        const ret = await this.#volume.calls.unlinkat(above.folder.fd, name, abi.AT_REMOVEDIR);
        if (ret < 0) this.#failed(above, name, ret);
      }
      level = above;
    }
  }
}

/** Removes what is at a place. Failures go to `onError`, the rest goes on. */
export async function removeTree(volume: Volume, place: Place, wish: RemoveWish): Promise<void> {
  const removal = new Removal(volume, wish);
  const parent = place.path.subarray(0, Math.max(1, place.path.lastIndexOf(0x2f)));
  const top: Level = {
    above: undefined,
    folder: place,
    name: place.name,
    path: parent,
    pending: 1,
    failed: false,
  };
  await workThrough(
    [{ level: top, name: place.name }],
    { width, signal: interruption },
    (task, add) => removal.entry(task, add),
  );
}

/**
 * Writes out a mount that has been left alone for a second: people pull a stick out when its light
 * is off, umount(8) does not wait for who serves a FUSE mount, and what is on the disk by then is
 * not at stake.
 *
 * Invariants:
 * 1. While requests keep coming nothing is synced here: the kernel inside writes what is five
 *    seconds old by itself.
 * 2. One sync is under way at the most, and one only after new requests.
 * 3. An error is left for the unmount to tell: Linux reports a lost write once to each descriptor
 *    (Documentation/filesystems/vfs.rst, "Handling errors during writeback"), and only this
 *    syncs by the volume's rootFd.
 */
import type { Volume } from '../vfs-linux/volume.ts';

const lookEveryMs = 1_000;

export class IdleSync {
  readonly #volume: Volume;
  readonly #countRequests: () => number;
  #timer: NodeJS.Timeout | undefined;
  #seen = 0;
  #synced = 0;
  #underWay: Promise<void> | undefined;

  /** `countRequests` answers how many there have been since the mount began. */
  constructor(volume: Volume, countRequests: () => number) {
    this.#volume = volume;
    this.#countRequests = countRequests;
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), lookEveryMs).unref();
  }

  /** Resolves when nothing of this is under way any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#underWay;
  }

  #look(): void {
    const count = this.#countRequests();
    const isIdle = count === this.#seen;
    this.#seen = count;
    if (!isIdle || count === this.#synced || this.#underWay !== undefined) return;
    this.#synced = count;
    this.#underWay = this.#sync().finally(() => {
      this.#underWay = undefined;
    });
  }

  async #sync(): Promise<void> {
    if (this.#volume.kernel.failure !== undefined) return;
    const fd = await this.#volume.rootFd();
    if (fd >= 0) await this.#volume.calls.syncfs(fd);
  }
}

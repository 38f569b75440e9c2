/**
 * Writes out a mount that has had no requests for a second. People pull a stick out when its light
 * is off, and umount(8) does not wait for the process that serves a FUSE mount; what is on the
 * disk by then is safe.
 *
 * Invariants:
 * 1. While requests keep coming nothing is synced here: the kernel inside writes data that is five
 *    seconds old by itself.
 * 2. At most one sync is under way, and none without new requests.
 * 3. An error is left for the unmount to report. Linux reports a lost write once to each descriptor
 *    (Documentation/filesystems/vfs.rst, "Handling errors during writeback"), and only this class
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

  /** `countRequests` answers the number of requests since the mount began. */
  constructor(volume: Volume, countRequests: () => number) {
    this.#volume = volume;
    this.#countRequests = countRequests;
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), lookEveryMs).unref();
  }

  /** Resolves when no sync is under way any more. */
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

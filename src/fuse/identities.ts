/**
 * Identities of the host's users in this kernel, made when somebody first creates something.
 *
 * The host has checked the permissions, with the caller's own credentials, so each identity has
 * every capability, and differs by who will own what it makes. What depends on missing capabilities
 * (the bits that a write takes away) is done as `nobody`.
 *
 * Invariant: an identity in the cache exists in the kernel. There are at most identitiesMost; the
 * one used the longest time ago makes room, a minute later, when no request can be under way with
 * it.
 */
import { LRUCache } from 'lru-cache';
import type { Kernel } from '../vfs-linux/kernel.ts';
import { type Caller, root } from './kernel-calls.ts';

const identitiesMost = 1024;
const retireAfterMs = 60_000;
const two32 = 4294967296;
/** Somebody whom no file belongs to: (uid_t)-2, as NFS has it. */
const nobodyId = 65534;

export class Identities {
  readonly #kernel: Kernel;
  readonly #known: LRUCache<number, number>;
  #nobody: Caller = root;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#known = new LRUCache({
      max: identitiesMost,
      dispose: (identity) => {
        setTimeout(
          () => void kernel.forgetIdentity(identity).catch(() => {}),
          retireAfterMs,
        ).unref();
      },
    });
  }

  /** Makes the identity without capabilities. Throws as Kernel.identity does. */
  async open(): Promise<void> {
    const cred = await this.#kernel.identity({ uid: nobodyId, gid: nobodyId });
    this.#nobody = { cred, umask: 0 };
  }

  /** Somebody without any capability and right. */
  get nobody(): Caller {
    return this.#nobody;
  }

  /** The identity of a user and group, or undefined: then `make` it. */
  get(uid: number, gid: number): number | undefined {
    return uid === 0 && gid === 0 ? 0 : this.#known.get(uid * two32 + gid);
  }

  /** Throws as Kernel.identity does. */
  async make(uid: number, gid: number): Promise<void> {
    const identity = await this.#kernel.identity({ uid, gid, capable: true });
    this.#known.set(uid * two32 + gid, identity);
  }
}

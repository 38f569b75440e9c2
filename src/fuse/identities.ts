/**
 * Identities of the host's users in this kernel, made when they are first needed.
 *
 * The host has checked the permissions, with the caller's own credentials. So whoever makes
 * something is an identity with every capability, that differs by who will own the result. What
 * depends on missing capabilities, the bits of a mode that a write takes away, is done by an
 * ordinary one.
 *
 * Invariant: an identity in the cache exists in the kernel. There are at most identitiesMost of
 * each kind; the one used the longest time ago makes room, a minute later, when no request can be
 * under way with it.
 */
import fs from 'node:fs';
import { LRUCache } from 'lru-cache';
import type { Kernel } from '../vfs-linux/kernel.ts';
import { type Caller, root } from './kernel-calls.ts';
import type { Request } from './request.ts';

const identitiesMost = 1024;
const retireAfterMs = 60_000;
const two32 = 4294967296;
/** Somebody whom no file belongs to: (uid_t)-2, as NFS has it. */
const nobodyId = 65534;

/** The other groups of a process of the host: a request tells one. */
function groupsOf(pid: number): number[] {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'latin1');
    const [, groups = ''] = /^Groups:\t(.*)$/m.exec(status) ?? [];
    return groups.split(' ').filter(Boolean).map(Number);
  } catch {
    return []; // of another namespace, or gone
  }
}

export class Identities {
  readonly #kernel: Kernel;
  readonly #owners: LRUCache<number, number>;
  readonly #ordinary: LRUCache<string, Caller>;
  #nobody: Caller = root;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    const retire = (identity: number): void => {
      setTimeout(() => void kernel.forgetIdentity(identity).catch(() => {}), retireAfterMs).unref();
    };
    this.#owners = new LRUCache({ max: identitiesMost, dispose: retire });
    this.#ordinary = new LRUCache({
      max: identitiesMost,
      dispose: ({ cred }) => retire(cred),
    });
  }

  /** Makes the identity of nobody. Throws as Kernel.identity does. */
  async open(): Promise<void> {
    const cred = await this.#kernel.identity({ uid: nobodyId, gid: nobodyId });
    this.#nobody = { cred, umask: 0 };
  }

  /** Somebody without any capability and right. */
  get nobody(): Caller {
    return this.#nobody;
  }

  /** The identity of a user and group that makes something, or undefined: then `make` it. */
  get(uid: number, gid: number): number | undefined {
    return uid === 0 && gid === 0 ? 0 : this.#owners.get(uid * two32 + gid);
  }

  /** Throws as Kernel.identity does. */
  async make(uid: number, gid: number): Promise<void> {
    const identity = await this.#kernel.identity({ uid, gid, capable: true });
    this.#owners.set(uid * two32 + gid, identity);
  }

  /** Calls `then` with the caller as he is: root, or somebody without capabilities. */
  ordinary(request: Request, then: (by: Caller) => void): void {
    const { uid, gid, pid } = request;
    if (uid === 0) {
      then(root);
      return;
    }
    const groups = groupsOf(pid);
    const key = [uid, gid, ...groups].join(' ');
    const known = this.#ordinary.get(key);
    if (known !== undefined) {
      then(known);
      return;
    }
    void this.#kernel.identity({ uid, gid, groups }).then(
      (cred) => {
        const made = { cred, umask: 0 };
        this.#ordinary.set(key, made);
        then(made);
      },
      () => then(this.#nobody),
    );
  }
}

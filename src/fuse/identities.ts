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
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Kernel } from '../vfs-linux/kernel.ts';
import { type Caller, root } from './kernel-calls.ts';
import type { Request } from './request.ts';

const identitiesMost = 1024;
const retireAfterMs = 60_000;
const two32 = 4294967296;
/** Somebody whom no file belongs to: (uid_t)-2, as NFS has it. */
const nobodyId = 65534;

/** What a request does not tell of its caller, a process of the host. */
interface Process {
  readonly groups: readonly number[];
  /** The effective ones, a bit for each. */
  readonly capabilities: bigint;
}

const fsetid: bigint = 1n << BigInt(abi.CAP_FSETID);

function processOf({ pid, uid }: Request): Process {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'latin1');
    const [, groups = ''] = /^Groups:\t(.*)$/m.exec(status) ?? [];
    const [, capabilities = '0'] = /^CapEff:\t(\w+)$/m.exec(status) ?? [];
    return {
      groups: groups.split(' ').filter(Boolean).map(Number),
      capabilities: BigInt(`0x${capabilities}`),
    };
  } catch {
    // Of another namespace, or gone.
    return { groups: [], capabilities: uid === 0 ? -1n : 0n };
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

  /**
   * Calls `then` with the caller as he is: root, or somebody without CAP_FSETID. One who has it and
   * is not root is most likely the root of a container, who has it there alone.
   */
  ordinary(request: Request, then: (by: Caller) => void): void {
    const { uid, gid } = request;
    const { groups, capabilities } = processOf(request);
    if (uid === 0 && (capabilities & fsetid) !== 0n) {
      then(root);
      return;
    }
    const left = capabilities & ~fsetid;
    const key = [uid, gid, left, ...groups].join(' ');
    const known = this.#ordinary.get(key);
    if (known !== undefined) {
      then(known);
      return;
    }
    void this.#kernel.identity({ uid, gid, groups, capabilities: left }).then(
      (cred) => {
        const made = { cred, umask: 0 };
        this.#ordinary.set(key, made);
        then(made);
      },
      () => then(this.#nobody),
    );
  }
}

/**
 * Identities of the host's users in this kernel, made when they are first needed.
 *
 * The host has checked the permissions, with the caller's own credentials. So a caller that creates
 * something gets an identity with every capability, which only decides who will own the result.
 * What depends on missing capabilities, the mode bits that a write takes away, is done by an
 * ordinary identity.
 *
 * Invariant: an identity in the cache exists in the kernel. There are at most maxIdentities of each
 * kind; the one used least recently makes room, and is given back a minute later, when no request
 * can still use it.
 */
import fs from 'node:fs';
import { LRUCache } from 'lru-cache';
import { join64 } from '../int64.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Machine } from '../vfs-linux/machine.ts';
import type { Caller } from '../vfs-linux/slot.ts';

const maxIdentities = 1024;
const retireAfterMs = 60_000;
/** A user whom no file belongs to: (uid_t)-2, as NFS has it. */
const nobodyId = 65534;

/** What a request does not say of its caller, a process of the host. */
interface CallerProcess {
  readonly groups: readonly number[];
  /** The effective ones, a bit for each. */
  readonly capabilities: bigint;
}

const fsetid: bigint = 1n << BigInt(abi.CAP_FSETID);

/** Who a request's caller is. */
interface CallerIds {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

function processOf({ pid, uid }: CallerIds): CallerProcess {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'latin1');
    const [, groups = ''] = /^Groups:\t(.*)$/m.exec(status) ?? [];
    const [, capabilities = '0'] = /^CapEff:\t(\w+)$/m.exec(status) ?? [];
    return {
      groups: groups.split(' ').filter(Boolean).map(Number),
      capabilities: BigInt(`0x${capabilities}`),
    };
  } catch {
    // The process belongs to another namespace, or has ended.
    return { groups: [], capabilities: uid === 0 ? -1n : 0n };
  }
}

export class Identities {
  /** A user without any capability and right. */
  readonly nobody: Caller;
  readonly #kernel: Machine;
  readonly #root: Caller;
  readonly #owners: LRUCache<number, number>;
  readonly #ordinary: LRUCache<string, Caller>;

  private constructor(kernel: Machine, rootFd: number, nobody: number) {
    this.#kernel = kernel;
    this.#root = { root: rootFd, cred: 0, umask: 0 };
    this.nobody = this.#caller(nobody);
    const retire = (identity: number): void => {
      setTimeout(() => void kernel.forgetIdentity(identity).catch(() => {}), retireAfterMs).unref();
    };
    this.#owners = new LRUCache({ max: maxIdentities, dispose: retire });
    this.#ordinary = new LRUCache({
      max: maxIdentities,
      dispose: ({ cred }) => retire(cred),
    });
  }

  /** `rootFd` is the volume's root. Throws as Kernel.identity does. */
  static async open(kernel: Machine, rootFd: number): Promise<Identities> {
    const nobody = await kernel.identity({ uid: nobodyId, gid: nobodyId });
    return new Identities(kernel, rootFd, nobody);
  }

  #caller(cred: number): Caller {
    return { ...this.#root, cred };
  }

  /**
   * The identity that creates for a user and group; undefined where `make` has to make it first.
   */
  get(uid: number, gid: number): number | undefined {
    return uid === 0 && gid === 0 ? 0 : this.#owners.get(join64(gid, uid));
  }

  /** Throws as Kernel.identity does. */
  async make(uid: number, gid: number): Promise<void> {
    const identity = await this.#kernel.identity({ uid, gid, capable: true });
    this.#owners.set(join64(gid, uid), identity);
  }

  /**
   * Calls `then` with an identity like the caller: root, or one without CAP_FSETID. A caller that
   * has the capability and is not root is most likely the root of a container, and has it there
   * alone. `nobody` stands in where the kernel makes no identity.
   */
  ordinary(caller: CallerIds, then: (by: Caller) => void): void {
    const { uid, gid } = caller;
    const { groups, capabilities } = processOf(caller);
    if (uid === 0 && (capabilities & fsetid) !== 0n) {
      then(this.#root);
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
        const made = this.#caller(cred);
        this.#ordinary.set(key, made);
        then(made);
      },
      () => then(this.nobody),
    );
  }
}

/**
 * What a mount's process knows of the two ways to show a volume to programs: FUSE on Linux, WinFsp
 * on Windows.
 */
import type { HitRatio } from '../cache/answer-cache.ts';
import type { QueueStatus } from '../cache/request-queue.ts';
import type { OperationSummary } from '../observe/request-statistics.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import type { MountCommandOptions } from './mount-command-options.ts';
import type { MountLog } from './mount-log.ts';

export interface TransportStatistics {
  readonly operations: readonly OperationSummary[];
  readonly queue?: QueueStatus;
  readonly caches?: Readonly<Record<string, HitRatio>>;
}

/** What an unmount does where programs still use the mount; without either it fails with EBUSY. */
export interface UnmountOptions {
  /** Takes the mount out of the tree now; it ends when its last user leaves it. */
  readonly lazy?: boolean;
  /** Ends the mount now; programs that use it get errors. */
  readonly force?: boolean;
}

/**
 * What an unmount has come to:
 * - ended: the mount is gone.
 * - ending: it ends later, with its last user or with the last place where it is mounted.
 * - forced: programs still hold it, and only the end of this process takes it from them.
 */
export type UnmountOutcome = 'ended' | 'ending' | 'forced';

export interface Mounted {
  /** Where the mount is; on Windows "*" asks for any free letter, and this is the one chosen. */
  readonly mountPoint: string;
  /** What the user must know about it, as a part of a sentence. */
  readonly note?: string;
  /** Resolves when the mount is gone, by whatever means; rejects with what went wrong. */
  readonly ended: Promise<void>;
  statistics(): TransportStatistics;
  /** Throws EBUSY where programs use the mount and the options do not allow that. */
  unmount(options: UnmountOptions): Promise<UnmountOutcome>;
}

export interface MountPlace {
  /** The source, as the system's list of mounts shows it. */
  readonly source: string;
  readonly target: string;
  readonly options: MountCommandOptions;
  /** Takes messages about what goes wrong later. */
  readonly log: MountLog;
}

export interface Transport {
  /** "fuse" or "winfsp". */
  readonly name: string;
  /** Options that this transport has no use for. */
  readonly ignores: readonly (keyof MountCommandOptions)[];
  /**
   * Checks whether something can be mounted there, and answers the target's full name. It runs
   * before anything is opened, so that the likeliest mistakes are found at once. Throws
   * FsBridgeError.
   */
  prepareTarget(target: string): Promise<string>;
  mount(volume: Volume, place: MountPlace): Promise<Mounted>;
}

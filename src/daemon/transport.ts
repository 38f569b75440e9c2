/**
 * What the two ways of showing a volume have in common for the command line: FUSE on Linux, WinFsp on
 * Windows. The one that this host has is loaded when it is wanted.
 */
import type { HitRatio } from '../cache/answer-cache.ts';
import type { QueueStatus } from '../cache/request-queue.ts';
import type { OperationSummary } from '../observe/request-statistics.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import type { MountLog } from './mount-log.ts';
import type { MountOptions } from './mount-options.ts';

export interface TransportStatistics {
  readonly operations: readonly OperationSummary[];
  readonly queue?: QueueStatus;
  readonly caches?: Readonly<Record<string, HitRatio>>;
}

/** How an unmount is meant where programs still use the mount. */
export interface UnmountWish {
  /** Out of the tree now; it ends when nobody uses it any more. */
  readonly lazy?: boolean;
  /** It ends now; programs that use it get errors. */
  readonly force?: boolean;
}

/**
 * It has ended; it ends by itself when nobody uses it any more, or when it is unmounted at another
 * place as well; or only the end of the process takes it from its users.
 */
export type UnmountOutcome = 'ended' | 'ending' | 'forced';

export interface Mounted {
  /** Where it is: on Windows perhaps another place than was asked for ("*"). */
  readonly mountPoint: string;
  /** Resolves when it is gone, whoever ended it; rejects with what went wrong. */
  readonly ended: Promise<void>;
  statistics(): TransportStatistics;
  /**
   * Throws EBUSY where programs use it, and nothing else is wished for.
   */
  unmount(wish: UnmountWish): Promise<UnmountOutcome>;
}

export interface MountPlace {
  /** The source as the system's list of mounts shall show it. */
  readonly source: string;
  readonly target: string;
  readonly options: MountOptions;
  /** Told what goes wrong later. */
  readonly log: MountLog;
}

export interface Transport {
  /** "fuse" or "winfsp". */
  readonly name: string;
  /** Options that mean nothing here. */
  readonly ignores: readonly (keyof MountOptions)[];
  /**
   * Looks whether something can be mounted there, and answers the target's full name. Nothing has
   * been opened yet: the likeliest mistakes are found in no time. Throws FsBridgeError.
   */
  prepareTarget(target: string): Promise<string>;
  mount(volume: Volume, place: MountPlace): Promise<Mounted>;
}

export async function loadTransport(): Promise<Transport> {
  if (process.platform === 'win32')
    return (await import('./windows/winfsp-transport.ts')).winFspTransport;
  return (await import('./linux/fuse-transport.ts')).fuseTransport;
}

/**
 * The requests to a running mount, and its answers, over its control channel: one line of JSON each
 * way, and then the connection is closed.
 */
import type { HitRatio } from '../../cache/answer-cache.ts';
import type { QueueStatus } from '../../cache/request-queue.ts';
import type { OperationSummary } from '../../observe/request-statistics.ts';
import type { UnmountOptions } from '../transport.ts';

export type ControlRequest =
  | { readonly command: 'status' }
  /** Writes all data to the disk. */
  | { readonly command: 'sync' }
  | ({ readonly command: 'umount' } & UnmountOptions);

export interface ControlError {
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly advice: string | null;
}

export type ControlAnswer =
  | { readonly status: MountStatus }
  /** `ending`: the mount is out of the tree, and ends later. */
  | { readonly unmounted: true; readonly ending?: true }
  | { readonly synced: true }
  | { readonly error: ControlError };

/** The status of a mount: `fsbridge status --json` prints an array of these. */
export interface MountStatus {
  readonly pid: number;
  readonly source: string;
  readonly target: string;
  readonly transport: string;
  readonly volume: {
    readonly id: string;
    readonly type: string;
    readonly label: string | null;
    readonly uuid: string | null;
  };
  readonly readOnly: boolean;
  readonly mountedAt: string;
  readonly uptimeSeconds: number;
  /** From the command to the first answer, in milliseconds; null where it is not known. */
  readonly startMs: number | null;
  readonly requests: readonly OperationSummary[];
  /** Requests that wait or run between the transport and the kernel; null without a queue. */
  readonly queue: QueueStatus | null;
  readonly kernelRequestsInFlight: number;
  readonly caches: Readonly<Record<string, HitRatio>>;
  readonly blockIo: {
    readonly reads: number;
    readonly writes: number;
    readonly flushes: number;
    readonly bytesRead: number;
    readonly bytesWritten: number;
  };
  readonly memory: {
    /** Of the process, the kernel's included. */
    readonly residentBytes: number;
    readonly kernelBytes: number;
    /** Of the kernel's memory: free, page cache, and written data that is not on the disk yet. */
    readonly freeBytes: number | null;
    readonly cachedBytes: number | null;
    readonly dirtyBytes: number | null;
  };
  /** Why the kernel is dead, or null. */
  readonly failure: string | null;
  /** The last lines that the kernel printed. */
  readonly kernelLog: readonly string[];
  readonly logFile: string | null;
}

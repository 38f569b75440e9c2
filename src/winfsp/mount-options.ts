/** A mount through WinFsp as the daemon sees it: its options, its statistics, and its end. */

import type { HitRatio } from '../cache/answer-cache.ts';
import type { QueueStatus } from '../cache/request-queue.ts';
import type { EngineOptions } from '../fsbridge/options.ts';
import type { OperationSummary } from '../observe/request-statistics.ts';

export interface WinFspMountOptions {
  /** The engine's options. Default for mountingUserSid: the user of this process. */
  readonly engine?: EngineOptions;
  /** A network drive: reachable as \\fsbridge\NAME too, without recycle bin and thumbnails. */
  readonly network?: boolean;
  /** NAME in \\fsbridge\NAME; default: the volume's label, or its device's name. */
  readonly shareName?: string;
  /** The path of a DLL to use in the place of the installed WinFsp's. */
  readonly library?: string;
  /** How long Windows may cache a file's information; 0xffffffff: for ever, and its data too. */
  readonly fileInfoTimeoutMs?: number;
  /** A request fails when the disk has not answered it by then. Default 180 s. */
  readonly deadlineMs?: number;
  /** Gets a line for each fault while the drive is mounted. */
  readonly onLog?: (line: string) => void;
  /**
   * Is called when Windows wants the process to end; the drive then ends by itself. Ctrl-C and a
   * closed window are signals of Node's (SIGINT, SIGHUP), which the process handles.
   */
  readonly onConsoleEvent?: (event: ConsoleEvent) => void;
}

/** WinFsp's launcher ends a program with Ctrl-Break. */
export type ConsoleEvent = 'ctrl-break' | 'logoff' | 'shutdown';

export interface WinFspStatistics {
  /** One entry for each kind of request that came. */
  readonly operations: readonly OperationSummary[];
  readonly queue: QueueStatus;
  /** How many look-ups each of the engine's caches answered. */
  readonly caches: Readonly<Record<string, HitRatio>>;
  /** How many files are open at the moment. */
  readonly openFiles: number;
}

export interface WinFspMount extends AsyncDisposable {
  /** Such as "L:", "\\.\L:", "C:\linux" or "\\fsbridge\name"; for "*" the letter that was free. */
  readonly mountPoint: string;
  /** Resolves when the drive is gone, by `unmount` or by Windows; rejects when it failed. */
  readonly ended: Promise<void>;
  statistics(): WinFspStatistics;
  /**
   * Ends the drive, even while programs use it: it takes no new requests, answers those under way,
   * and writes everything to the disk. A second call waits for the same end.
   */
  unmount(): Promise<void>;
}

/** What a mount through WinFsp is asked for, and what it gives: the command line stands on these. */

import type { HitRatio } from '../cache/answer-cache.ts';
import type { QueueStatus } from '../cache/request-queue.ts';
import type { EngineOptions } from '../fsbridge/options.ts';
import type { OperationSummary } from '../observe/request-statistics.ts';

export interface WinFspMountOptions {
  /** Semantics: case, permissions, label, the map of ids. The mounting user's SID is looked up. */
  readonly engine?: EngineOptions;
  /** A network drive: reachable as \\fsbridge\NAME too, without recycle bin and thumbnails. */
  readonly network?: boolean;
  /** NAME in \\fsbridge\NAME; default: the volume's label, or its device's name. */
  readonly shareName?: string;
  /** Another DLL than the installed WinFsp's, by its path. */
  readonly library?: string;
  /** For how long Windows may keep what it knows of a file; 0xffffffff keeps its data too. */
  readonly fileInfoTimeoutMs?: number;
  /** A request that the disk has not answered by then fails. Default 180 s. */
  readonly deadlineMs?: number;
  /** Told what goes wrong while it runs. */
  readonly onLog?: (line: string) => void;
  /**
   * Told when Windows wants the process to go; the drive then ends by itself. Ctrl-C and a closed
   * window are signals of Node's (SIGINT, SIGHUP), and the process's own business.
   */
  readonly onConsoleEvent?: (event: ConsoleEvent) => void;
}

/** Ctrl-Break is what WinFsp's launcher ends a program with. */
export type ConsoleEvent = 'ctrl-break' | 'logoff' | 'shutdown';

export interface WinFspStatistics {
  /** One line for each kind of request that came. */
  readonly operations: readonly OperationSummary[];
  readonly queue: QueueStatus;
  /** How many look-ups the engine's caches answered. */
  readonly caches: Readonly<Record<string, HitRatio>>;
  /** Files that are open at the moment. */
  readonly openFiles: number;
}

/** A change that came from elsewhere than the drive: from fsbridge's own commands, say. */
export interface Change {
  /** A path from the volume's root, as Windows has it: "\a\b.txt". */
  readonly fileName: string;
  /** FILE_NOTIFY_CHANGE_*: what a watcher must have asked for. */
  readonly filter: number;
  /** FILE_ACTION_*: added 1, removed 2, modified 3, renamed from 4, renamed to 5. */
  readonly action: number;
}

export interface WinFspMount extends AsyncDisposable {
  /** Such as "L:", "\\.\L:", "C:\linux" or "\\fsbridge\name"; for "*" the letter that was free. */
  readonly mountPoint: string;
  /** Resolves when the drive is gone, whoever ended it; rejects with what went wrong. */
  readonly ended: Promise<void>;
  statistics(): WinFspStatistics;
  /** Makes Windows forget what it knows of these files, and tells whoever watches them. */
  notify(changes: readonly Change[]): Promise<void>;
  /**
   * Ends the drive, whoever uses it: no new requests, those under way are answered, and all is on the
   * disk. A second call waits for the same end.
   */
  unmount(): Promise<void>;
}

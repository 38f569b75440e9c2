/**
 * The calls of a real program. Each replay has a volume of its own; afterwards the machine's own
 * kernel mounts the image, and the replay checks what is on it.
 */
import type { VolumeFs } from '../../../../src/node-fs/volume-fs.ts';
import type { Program } from '../driver/program.ts';

export interface Replay {
  readonly name: string;
  /** The source that says that the program does so. */
  readonly rule: string;
  /** Why it cannot run here, if something is missing. */
  readonly cannotRun?: () => string | undefined;
  /** Prepares the disk, through Linux. */
  readonly prepare?: (linux: VolumeFs) => Promise<void>;
  readonly run: (win: Program) => Promise<void>;
  /** Checks the files on the native mount. */
  readonly check: (folder: string) => void | Promise<void>;
}

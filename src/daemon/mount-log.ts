/**
 * The log of a running mount: plain sentences on a terminal (--foreground), or lines of JSON in a
 * file for a daemon (pino). The lines of all mounts go to one file; each names its process and its
 * mount point.
 *
 * Loading pino would take a tenth of the time until the mount answers. So it is loaded after that,
 * and lines from before wait.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';
import { FsBridgeError } from '../errors.ts';
import { logFolder, makePrivateFolder } from '../host/folders.ts';
import { hostCode } from '../host/host-error.ts';
import { print } from '../observe/messages.ts';

export type Level = 'info' | 'warn' | 'error';

export interface MountLog {
  /** One sentence, and facts for programs that read the log. */
  write(level: Level, text: string, facts?: Readonly<Record<string, unknown>>): void;
  /** Makes sure that everything is written. */
  close(): void;
}

/** Lines of the kernel that are warnings. */
const warningWords = /error|corrupt|fail|panic|BUG|Oops|WARNING|warning|refus|unable|invalid/;
const maxLogBytes = 16 * 1024 * 1024;

export function kernelLineLevel(line: string): Level {
  return warningWords.test(line) ? 'warn' : 'info';
}

/** Prints sentences on standard error. */
export class TerminalLog implements MountLog {
  write(level: Level, text: string): void {
    print(
      `fsbridge: ${level === 'info' ? '' : `${level === 'warn' ? 'warning' : 'error'}: `}${text}\n`,
    );
  }

  close(): void {}
}

/**
 * The file of a daemon's log: the one that is asked for, or the common one. Its folder is made.
 * Throws FsBridgeError where it cannot be written, because later nobody would see that error.
 */
export function prepareLogFile(asked: string | undefined): string {
  const file = asked === undefined ? commonLogFile() : path.resolve(asked);
  try {
    fs.closeSync(fs.openSync(file, 'a', 0o600));
  } catch (error) {
    const code = hostCode(error);
    const advice = 'Name another file with --log.';
    throw new FsBridgeError(code, file, 'the log cannot be written there', advice);
  }
  return file;
}

function commonLogFile(): string {
  const folder = logFolder();
  makePrivateFolder(folder);
  const file = path.join(folder, 'fsbridge.log');
  try {
    if (fs.statSync(file).size > maxLogBytes) fs.renameSync(file, `${file}.1`);
  } catch {
    // There is no file yet, or another mount has just renamed it.
  }
  return file;
}

interface Entry {
  readonly level: Level;
  readonly text: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export class FileLog implements MountLog {
  #file: string;
  #target: string;
  #waiting: Entry[] = [];
  #logger: Logger | undefined;

  constructor(file: string, target: string) {
    this.#file = file;
    this.#target = target;
  }

  /** Loads pino, and writes the lines that have waited. */
  async open(): Promise<void> {
    const { pino } = await import('pino');
    const base = { pid: process.pid, mount: this.#target };
    const options = { base, timestamp: pino.stdTimeFunctions.isoTime };
    this.#logger = pino(options, pino.destination({ dest: this.#file, sync: true, mode: 0o600 }));
    for (const { level, text, facts } of this.#waiting.splice(0)) this.#logger[level](facts, text);
  }

  write(level: Level, text: string, facts: Readonly<Record<string, unknown>> = {}): void {
    if (this.#logger === undefined) this.#waiting.push({ level, text, facts });
    else this.#logger[level](facts, text);
  }

  close(): void {
    this.#logger?.flush();
  }
}

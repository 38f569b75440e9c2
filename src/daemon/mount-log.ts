/**
 * What a mount says while it runs: plain sentences for a terminal (--foreground), lines of JSON in
 * a file for a daemon (pino). The lines of all mounts go to one file; each names its process and
 * its mount point.
 *
 * pino is loaded once the mount answers, as it takes a tenth of the time to get there; what is said
 * before waits.
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
  /** One sentence, and what a program may want to know with it. */
  write(level: Level, text: string, facts?: Readonly<Record<string, unknown>>): void;
  /** Everything written is in its place. */
  close(): void;
}

/** What the kernel prints is the better part of any story; these lines of it are bad news. */
const badNews = /error|corrupt|fail|panic|BUG|Oops|WARNING|warning|refus|unable|invalid/;
const mostLogBytes = 16 * 1024 * 1024;

export function kernelLineLevel(line: string): Level {
  return badNews.test(line) ? 'warn' : 'info';
}

/**
 * Sentences on standard error; the kernel's lines only where they are bad news, or all are wanted.
 */
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
 * Throws FsBridgeError where it cannot be written: later nobody would be there to be told.
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
    if (fs.statSync(file).size > mostLogBytes) fs.renameSync(file, `${file}.1`);
  } catch {
    // There is none yet, or another mount has just renamed it.
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

  /** Loads what writes the file. */
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

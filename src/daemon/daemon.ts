/**
 * A mount is a process of its own. The command starts it at once, before it reads anything else of
 * fsbridge, and waits; the new process does all the work, and tells through a pipe what a person
 * shall read and when the mount answers.
 *
 *     fsbridge mount ...          the same program, with FSBRIDGE_DAEMON set
 *       │ spawn ───────────────────> opens, boots, mounts
 *       │ <── {"text": "..."} ───────── a warning or an error for a person
 *       │ <── {"ready": "..."} ──────── the mount answers: what to say on a terminal
 *     exit 0                         goes on, in its own session, with the log as standard error
 *
 * Invariants:
 * 1. An error of the new process is the command's: its text, and its exit code.
 * 2. After "ready" the new process holds nothing of the caller's: no terminal, no pipe, no folder.
 * 3. A signal that the command gets while it waits goes to the new process, whose end it awaits.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { constants, devNull } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { siblingModule } from '../host/sibling-module.ts';

const daemonEnv = 'FSBRIDGE_DAEMON';
const messageFd = 3;
/**
 * Room for what dies young, in MiB: a request's few objects do. V8's own 16 to 32 take 40 MiB more
 * of memory under load than 4, and 4 take 5 to 8 more than 1: none is faster.
 */
const youngMib = 1;
/**
 * glibc's malloc (mallopt(3)) keeps an arena for each thread, and what it once gave out in big
 * pieces: 14 MiB after listing and making 150,000 files. With one arena, and what has 128 KiB or
 * more given back at once, it does not. Other C libraries know nothing of it.
 */
const mallocEnv = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
} as const;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const signalBase = 128;

/** What the new process tells the command, one JSON object a line. */
interface Message {
  readonly text?: string;
  readonly ready?: string;
}

/** Whether this process is the one that shall mount and stay. */
export function isDaemon(): boolean {
  return process.env[daemonEnv] !== undefined;
}

/** Starts the mount's process with these arguments; answers the exit code once it is known. */
export function startDaemon(argv: readonly string[]): Promise<number> {
  const main = fileURLToPath(siblingModule(import.meta.url, '../cli/main'));
  const nodeOptions = [`--max-semi-space-size=${youngMib}`, ...process.execArgv];
  const child = spawn(process.execPath, [...nodeOptions, main, ...argv], {
    detached: true,
    windowsHide: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: {
      ...mallocEnv,
      ...process.env,
      ...compileCache(),
      [daemonEnv]: String(performance.timeOrigin),
    },
  });
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    // What Node itself says when it cannot go on.
    child.stderr?.on('data', (bytes: Buffer) => process.stderr.write(bytes));
    let rest = '';
    child.stdio[messageFd]?.on('data', (bytes: Buffer) => {
      const lines = (rest + bytes.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { text, ready } = JSON.parse(line) as Message;
        if (text !== undefined) process.stderr.write(text);
        if (ready === undefined) continue;
        if (process.stderr.isTTY) process.stderr.write(`${ready}\n`);
        resolve(0);
      }
    });
    child.on('error', (error) => {
      process.stderr.write(`fsbridge: the mount's process cannot be started: ${error.message}\n`);
      resolve(1);
    });
    child.on('close', (code, signal) => {
      if (signal !== null) {
        const why = `was ended by ${signal} before it had mounted anything`;
        process.stderr.write(`fsbridge: the mount's process ${why} (ERR_MOUNT_PROCESS)\n`);
        process.stderr.write('Try it again with --foreground to see what happens.\n');
      }
      resolve(signal === null ? (code ?? 1) : signalBase + constants.signals[signal]);
    });
  });
}

/** With it in the environment, Node finds its very first file compiled as well. */
function compileCache(): Record<string, string> {
  const folder = getCompileCacheDir();
  // Node tells the folder of its own version in the one that it was given.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: path.dirname(folder) };
}

/** The new process's end of the pipe. */
export class DaemonLink {
  /** When the command was given, in milliseconds since 1970. */
  readonly commandMs: number = Number(process.env[daemonEnv]);
  #open = true;

  constructor() {
    // Programs that this process starts are no daemons of its.
    delete process.env[daemonEnv];
  }

  /** Has the command write that to its standard error; where it is gone, nobody reads it. */
  tell(text: string): void {
    this.#send({ text });
  }

  /**
   * The mount answers: lets the command end, which says `text` to a person and nothing to a script,
   * and the caller's terminal and folder go. What Node or V8 writes to standard error from now on
   * is in `logFile`.
   */
  ready(text: string, logFile: string): void {
    takePlace(1, devNull);
    takePlace(2, logFile);
    process.chdir('/');
    this.#send({ ready: text });
    this.#open = false;
    fs.closeSync(messageFd);
  }

  #send(message: Message): void {
    if (!this.#open) return;
    try {
      fs.writeSync(messageFd, `${JSON.stringify(message)}\n`);
    } catch {
      this.#open = false;
    }
  }
}

/** Opens a file under a descriptor's number: open(2) takes the lowest that is free. */
function takePlace(fd: number, file: string): void {
  try {
    fs.closeSync(fd);
    fs.openSync(file, 'a', 0o600);
  } catch {
    // Without the place nothing is lost but what nobody would have read.
  }
}

/**
 * A mount is a process of its own. The command starts it at once, before it reads anything else of
 * fsbridge, and waits. The new process does all the work. Through a pipe it sends messages for a
 * person, and reports when the mount answers.
 *
 *     fsbridge mount ...          the same program, with FSBRIDGE_DAEMON set
 *       │ spawn ───────────────────> opens, boots, mounts
 *       │ <── {"text": "..."} ───────── a warning or an error for a person
 *       │ <── {"ready": "..."} ──────── the mount answers: a message for a terminal
 *     exit 0                         continues in its own session, with the log as standard error
 *
 * Invariants:
 * 1. The command reports an error of the new process as its own: the text, and the exit code.
 * 2. After "ready" the new process holds nothing of the caller's: no terminal, no pipe, no folder.
 * 3. The command passes signals on to the new process while it waits, and awaits that process's
 *    end.
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
 * Memory for short-lived objects, in MiB: a request makes only a few. V8's default of 16 to 32
 * takes 40 MiB more of memory under load than 4, and 4 take 5 to 8 MiB more than 1; none is
 * faster.
 */
const youngMib = 1;
/**
 * By default, glibc's malloc (mallopt(3)) has an arena for each thread, and keeps large pieces
 * after they are freed: 14 MiB after listing and making 150,000 files. With these settings it has
 * one arena, and returns pieces of 128 KiB and more at once. Other C libraries ignore them.
 */
const mallocEnv = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
} as const;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const signalBase = 128;

/** A message of the new process to the command: one JSON object a line. */
interface Message {
  readonly text?: string;
  readonly ready?: string;
}

/** Whether this process is the one that mounts and stays. */
export function isDaemon(): boolean {
  return process.env[daemonEnv] !== undefined;
}

/** Starts the mount's process with these arguments; answers the command's exit code. */
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
    // What Node itself prints when it fails.
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

/** With this in the environment, Node finds even its first file compiled. */
function compileCache(): Record<string, string> {
  const folder = getCompileCacheDir();
  // Node answers a folder for its own version, inside the folder that it was given.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: path.dirname(folder) };
}

/** The new process's end of the pipe. */
export class DaemonLink {
  /** When the command was given, in milliseconds since 1970. */
  readonly commandMs: number = Number(process.env[daemonEnv]);
  #open = true;

  constructor() {
    // Programs that this process starts must not take themselves for daemons.
    delete process.env[daemonEnv];
  }

  /** Has the command write that to its standard error, as long as the command is there. */
  print(text: string): void {
    this.#send({ text });
  }

  /**
   * Reports that the mount answers, and lets the command end. The command prints `text` on a
   * terminal, and nothing for a script. This process gives up the caller's terminal and folder;
   * what Node or V8 writes to standard error from now on goes to `logFile`.
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
    // Then that output is lost, which is never more than a diagnosis.
  }
}

/**
 * The folders for a mount's files, by each system's conventions: the state folder for logs, and
 * the runtime folder for files that live only as long as the process (XDG Base Directory
 * Specification; on Windows the local application data).
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FsBridgeError } from '../errors.ts';
import { hostCode } from './host-error.ts';

const own = 'fsbridge';
const privateMode = 0o700;

function env(name: string): string | undefined {
  const value = process.env[name];
  return value === undefined || value === '' ? undefined : value;
}

/** Root has the machine's folders, other users have their own. */
function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The folder for logs; it may not exist yet. */
export function logFolder(): string {
  if (process.platform === 'win32') {
    return path.join(env('LOCALAPPDATA') ?? os.homedir(), own, 'log');
  }
  if (isRoot()) return path.join('/var/log', own);
  return path.join(env('XDG_STATE_HOME') ?? path.join(os.homedir(), '.local', 'state'), own);
}

/** The folder for the sockets of running mounts; it may not exist yet. */
export function runtimeFolder(): string {
  if (process.platform === 'win32') {
    return path.join(env('LOCALAPPDATA') ?? os.homedir(), own, 'run');
  }
  if (isRoot()) return path.join('/run', own);
  const runtime = env('XDG_RUNTIME_DIR');
  if (runtime !== undefined) return path.join(runtime, own);
  return path.join(os.tmpdir(), `${own}-${process.getuid?.() ?? 0}`);
}

/**
 * Makes a folder that only its owner may enter, or checks that an existing one is the user's own
 * and not writable for others: in a temporary folder anybody could have made it. Throws
 * ERR_FOLDER_UNSAFE, or the host's code.
 */
export function makePrivateFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: privateMode });
    const found = fs.lstatSync(folder);
    const isOurs = process.getuid === undefined || found.uid === process.getuid();
    const isClosed = process.getuid === undefined || (found.mode & 0o022) === 0;
    if (found.isDirectory() && isOurs && isClosed) return;
  } catch (error) {
    const code = hostCode(error);
    const advice = 'Set XDG_RUNTIME_DIR and XDG_STATE_HOME to folders of your own.';
    throw new FsBridgeError(code, folder, 'the folder cannot be made', advice, { cause: error });
  }
  throw new FsBridgeError(
    'ERR_FOLDER_UNSAFE',
    folder,
    'it belongs to another user, or others may write in it',
    'Remove it, or set XDG_RUNTIME_DIR to a folder of your own.',
  );
}

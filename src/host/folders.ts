/**
 * Where a mount's files lie, as the systems have it: logs in the state folder, and what lives only
 * as long as the process in the runtime folder (XDG Base Directory Specification; on Windows the
 * local application data).
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

/** Of root for all of the machine, of others in their own. */
function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Where logs are kept; it need not be there yet. */
export function logFolder(): string {
  if (process.platform === 'win32') {
    return path.join(env('LOCALAPPDATA') ?? os.homedir(), own, 'log');
  }
  if (isRoot()) return path.join('/var/log', own);
  return path.join(env('XDG_STATE_HOME') ?? path.join(os.homedir(), '.local', 'state'), own);
}

/** Where the sockets of running mounts are. */
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
 * Makes a folder that nobody else may look into, or sees to it that the one that is there is such a
 * one: in a temporary folder anybody could have made it. Throws ERR_FOLDER_UNSAFE, or the host's
 * code.
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
    'it belongs to somebody else, or others may write in it',
    'Remove it, or set XDG_RUNTIME_DIR to a folder of your own.',
  );
}

/**
 * Keeps a second fsbridge from writing a source that a first one writes.
 *
 * The lock is a listening socket. Its name comes from the source's device and inode, not from its
 * path. A name has one listener, and the host removes the listener with its process, however that
 * ends. So there are no stale locks, and a process that is refused can ask the holder for its pid.
 *
 * - Linux: a name in the abstract namespace (unix(7)), which is no file.
 * - Windows: a named pipe; libuv makes the first instance only (FILE_FLAG_FIRST_PIPE_INSTANCE).
 * - elsewhere: a socket file in the temporary folder. It outlives a crash; a process that finds no
 *   listener behind the file removes it. (Two that do so in the same millisecond may both get the
 *   lock. On Linux and Windows that cannot happen.)
 *
 * Invariants:
 * 1. Of all writers that see the same names (Linux: one network namespace), one holds the lock.
 * 2. The lock keeps no process alive.
 * 3. The holder answers a connection with one line of JSON, {"pid":…,"path":"…"}, and closes it.
 *
 * Readers take no lock. A reader can only harm itself: its overlay is thrown away, so at worst it
 * sees a file system in change, and it gets an error when it opens one that is being written
 * (`assertNoWriter`). With a lock, any reader, a forgotten one too, would keep writers out.
 */
import { stat, unlink } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsBridgeError } from '../errors.ts';
import { sourceIdentity } from '../host/device-number.ts';
import { sourceError } from './source-error.ts';

/**
 * A holder answers from its event loop; if that is busy for longer, messages do without its pid.
 */
const answerTimeoutMs = 500;
const maxAnswerBytes = 64 * 1024;
/** The holder may end between our attempt and our question, but hardly more than a few times. */
const maxAttempts = 5;

export interface SourceLock {
  /** Lets others write; a second call does nothing. */
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number | undefined;
  readonly path: string | undefined;
}

/**
 * Takes the lock of that file or disk.
 *
 * Throws FsBridgeError ERR_SOURCE_LOCKED where an fsbridge writes it already, or the host's code
 * where there is no such file. `platform` lets tests choose another host's kind of lock; `identity`
 * identifies a source that has no inode.
 */
export async function lockSource(
  path: string,
  platform: NodeJS.Platform = process.platform,
  identity?: string,
): Promise<SourceLock> {
  const address = await lockAddress(path, true, platform, identity);
  if (platform === 'win32') {
    // Wine lets several processes make the first instance; to Windows this is one question more.
    const holder = await askHolder(address);
    if (holder !== undefined) throw locked(path, holder);
  }
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const server = await listen(address, path);
    if (server !== undefined) return { release: () => close(server) };
    const holder = await askHolder(address);
    if (holder !== undefined) throw locked(path, holder);
    await removeStale(address, platform);
  }
  throw locked(path, { pid: undefined, path: undefined });
}

/** Throws FsBridgeError ERR_SOURCE_LOCKED where an fsbridge writes that file or disk now. */
export async function assertNoWriter(
  path: string,
  platform: NodeJS.Platform = process.platform,
  identity?: string,
): Promise<void> {
  const holder = await askHolder(await lockAddress(path, false, platform, identity));
  if (holder !== undefined) throw locked(path, holder);
}

async function lockAddress(
  path: string,
  write: boolean,
  platform: NodeJS.Platform,
  identity: string | undefined,
): Promise<string> {
  try {
    const source = identity ?? sourceIdentity(await stat(path, { bigint: true }));
    const name = `fsbridge-lock-${source}`;
    if (platform === 'linux') return `\0${name}`;
    return platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), name);
  } catch (error) {
    throw sourceError(error, path, write);
  }
}

/** The server that holds the name; undefined where another process holds it. */
function listen(address: string, path: string): Promise<net.Server | undefined> {
  const line = `${JSON.stringify({ pid: process.pid, path })}\n`;
  const server = net.createServer((socket) => {
    // The other end may go away early, which is no error of the holder.
    socket.on('error', () => socket.destroy());
    socket.unref();
    socket.end(line);
  });
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      // EACCES: on Windows, a holder with higher rights.
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(sourceError(error, path, true));
    });
    // exclusive: otherwise node:cluster shares one server, and so the lock, among its workers.
    server.listen({ path: address, exclusive: true }, () => resolve(server));
  });
}

/** Asks the listener who it is; undefined: nothing listens there. */
function askHolder(address: string): Promise<Holder | undefined> {
  return new Promise((resolve) => {
    const socket = net.connect(address);
    let text = '';
    const end = (holder: Holder | undefined): void => {
      socket.destroy();
      resolve(holder);
    };
    socket.setEncoding('utf8');
    socket.setTimeout(answerTimeoutMs, () => end(parseHolder(text)));
    socket.on('data', (part: string) => {
      text += part;
      if (text.includes('\n') || text.length > maxAnswerBytes) end(parseHolder(text));
    });
    socket.on('end', () => end(parseHolder(text)));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const hasNoListener = error.code === 'ECONNREFUSED' || error.code === 'ENOENT';
      end(hasNoListener ? undefined : parseHolder(text));
    });
  });
}

/**
 * Any program may listen under a name, so its answer is only shown, and only where it makes sense.
 */
function parseHolder(text: string): Holder {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null && 'pid' in answer && 'path' in answer) {
      const { pid, path } = answer;
      return {
        pid: Number.isSafeInteger(pid) ? Number(pid) : undefined,
        path: typeof path === 'string' ? path : undefined,
      };
    }
  } catch {
    // What is no JSON counts as no answer.
  }
  return { pid: undefined, path: undefined };
}

async function removeStale(address: string, platform: NodeJS.Platform): Promise<void> {
  if (platform === 'linux' || platform === 'win32') return;
  try {
    await unlink(address);
  } catch {
    // Another process was quicker; the next attempt will show.
  }
}

function close(server: net.Server): Promise<void> {
  return new Promise((resolve) => {
    // The error says that it is closed already.
    server.close(() => resolve());
  });
}

function locked(path: string, holder: Holder): FsBridgeError {
  const who = holder.pid === process.pid ? 'this process' : `process ${holder.pid}`;
  const subject = holder.pid === undefined ? 'another fsbridge' : who;
  const elsewhere = holder.path === undefined || holder.path === path ? '' : ` (as ${holder.path})`;
  return new FsBridgeError(
    'ERR_SOURCE_LOCKED',
    path,
    `${subject} has it open for writing${elsewhere}`,
    'Close it there first, and try again.',
  );
}

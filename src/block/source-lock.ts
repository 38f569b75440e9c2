/**
 * Keeps a second fsbridge from writing what a first one writes.
 *
 * The lock is a listening socket whose name is made from what the source is (device and inode, not
 * its path): there can be one listener, and the host takes it away with the process, however that
 * ends. So there are no stale locks, and the one who is refused can ask the holder who he is.
 *
 * - Linux: a name in the abstract namespace (unix(7)), which is no file.
 * - Windows: a named pipe; libuv makes the first instance only (FILE_FLAG_FIRST_PIPE_INSTANCE).
 * - elsewhere: a socket file in the temporary folder. It outlives a crash; whoever finds nobody
 *   behind it removes it. (Two that do so in the same millisecond may both win; Linux and Windows
 *   cannot.)
 *
 * Invariants:
 * 1. Of all writers that see the same names (Linux: one network namespace), one holds the lock.
 * 2. The lock keeps no process alive.
 * 3. The holder answers a connection with one line of JSON, {"pid":…,"path":"…"}, and says no more.
 *
 * Readers take no lock. A reader can only harm itself: its overlay is thrown away, so at worst it
 * sees a file system in change, and is told so when it opens one that is being written
 * (`assertNoWriter`). A lock of theirs would let any reader, a forgotten one too, keep a writer
 * out.
 */
import { stat, unlink } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsBridgeError } from '../errors.ts';
import { sourceIdentity } from '../host/device-number.ts';
import { sourceError } from './source-error.ts';

/** A holder answers from its event loop; when that is busy for longer, we do without its name. */
const ANSWER_TIMEOUT_MS = 500;
const ANSWER_BYTES_MAX = 64 * 1024;
/** The holder may end between our attempt and our question; more than a few times, it does not. */
const ATTEMPTS_MAX = 5;

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
 * Throws FsBridgeError ERR_SOURCE_LOCKED where a fsbridge writes it already, or the host's code
 * where there is no such file. `platform` is for tests of the other hosts' ways; `identity` says what
 * the source is where its inode does not.
 */
export async function lockSource(
  path: string,
  platform: NodeJS.Platform = process.platform,
  identity?: string,
): Promise<SourceLock> {
  const address = await lockAddress(path, true, platform, identity);
  if (platform === 'win32') {
    // Wine lets several make the first instance; Windows only needs one question more.
    const holder = await askHolder(address);
    if (holder !== undefined) throw locked(path, holder);
  }
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const server = await listen(address, path);
    if (server !== undefined) return { release: () => close(server) };
    const holder = await askHolder(address);
    if (holder !== undefined) throw locked(path, holder);
    await removeStale(address, platform);
  }
  throw locked(path, { pid: undefined, path: undefined });
}

/** Throws FsBridgeError ERR_SOURCE_LOCKED where a fsbridge writes that file or disk right now. */
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

/** The server that holds the name; undefined where somebody else does. */
function listen(address: string, path: string): Promise<net.Server | undefined> {
  const line = `${JSON.stringify({ pid: process.pid, path })}\n`;
  const server = net.createServer((socket) => {
    // Whoever asks may go away early; that is no concern of the holder's.
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
    // exclusive: else node:cluster would share one server among its workers, and the lock with it.
    server.listen({ path: address, exclusive: true }, () => resolve(server));
  });
}

/** Asks who listens there; undefined: nobody does. */
function askHolder(address: string): Promise<Holder | undefined> {
  return new Promise((resolve) => {
    const socket = net.connect(address);
    let text = '';
    const end = (holder: Holder | undefined): void => {
      socket.destroy();
      resolve(holder);
    };
    socket.setEncoding('utf8');
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => end(parseHolder(text)));
    socket.on('data', (part: string) => {
      text += part;
      if (text.includes('\n') || text.length > ANSWER_BYTES_MAX) end(parseHolder(text));
    });
    socket.on('end', () => end(parseHolder(text)));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const isNobody = error.code === 'ECONNREFUSED' || error.code === 'ENOENT';
      end(isNobody ? undefined : parseHolder(text));
    });
  });
}

/** Anybody may listen under a name; what he says is only shown, and only where it makes sense. */
function parseHolder(text: string): Holder {
  try {
    const said: unknown = JSON.parse(text);
    if (typeof said === 'object' && said !== null && 'pid' in said && 'path' in said) {
      const { pid, path } = said;
      return {
        pid: Number.isSafeInteger(pid) ? Number(pid) : undefined,
        path: typeof path === 'string' ? path : undefined,
      };
    }
  } catch {
    // No JSON: as good as no answer.
  }
  return { pid: undefined, path: undefined };
}

async function removeStale(address: string, platform: NodeJS.Platform): Promise<void> {
  if (platform === 'linux' || platform === 'win32') return;
  try {
    await unlink(address);
  } catch {
    // Somebody else was quicker; the next attempt tells.
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

/**
 * One request to a control channel, and its answer. Whoever listens there may be hostile or hang,
 * so the answer is bounded in bytes and in total time, and the kernel names the listener before
 * anything is sent.
 */
import net from 'node:net';
import { FsBridgeError } from '../../errors.ts';
import { hostCode } from '../../host/host-error.ts';
import { type Interrupted, interruption } from '../../host/interrupt.ts';
import { connectUnix, type SocketPeer } from '../../host/unix-socket.ts';
import type { ControlAddress } from './address.ts';
import type { ControlRequest } from './control-protocol.ts';

/** A status is some 10 KiB; its kernel log is the largest part, and bounded (mount-status.ts). */
const maxAnswerBytes = 512 * 1024;

/** A connection to a channel. */
export interface Connection {
  readonly socket: net.Socket;
  /** Who listens there; undefined on Windows. */
  readonly peer: SocketPeer | undefined;
}

/**
 * Connects. Throws ERR_NOT_MOUNTED where no process listens, and ERR_NO_ANSWER where the connection
 * fails otherwise.
 */
export function connect(control: ControlAddress): Connection {
  if (process.platform !== 'linux') {
    return { socket: net.connect(control.address), peer: undefined };
  }
  try {
    const { fd, peer } = connectUnix(control.address);
    return { socket: new net.Socket({ fd, readable: true, writable: true }), peer };
  } catch (error) {
    throw failure(error, control);
  }
}

/**
 * Sends the request; resolves to what the answer's JSON holds. Throws as `connect` does, and
 * ERR_NO_ANSWER where the answer is too long, no JSON, or not complete in time. 0 is no limit of
 * time.
 */
export function exchange(
  { socket }: Connection,
  control: ControlAddress,
  request: ControlRequest,
  timeoutMs: number,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const giveUp = (): void => void socket.destroy(noAnswer(control.pid));
    const timer = timeoutMs > 0 ? setTimeout(giveUp, timeoutMs) : undefined;
    // An interrupted command does not wait for the mount's end.
    const onInterrupt = (): void => void socket.destroy(interruption.reason as Interrupted);
    interruption.addEventListener('abort', onInterrupt, { once: true });
    socket.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > maxAnswerBytes) giveUp();
      else parts.push(part);
    });
    socket.on('end', () => {
      socket.destroy();
      try {
        resolve(JSON.parse(Buffer.concat(parts).toString()));
      } catch {
        reject(noAnswer(control.pid));
      }
    });
    socket.on('error', (error) => reject(failure(error, control)));
    socket.on('close', () => {
      clearTimeout(timer);
      interruption.removeEventListener('abort', onInterrupt);
      // After an answer this has no effect.
      reject(noAnswer(control.pid));
    });
    socket.write(`${JSON.stringify(request)}\n`);
  });
}

/** The error to throw. */
function failure(error: unknown, control: ControlAddress): Error {
  const code = hostCode(error);
  if (code === 'ECONNREFUSED' || code === 'ENOENT') {
    return new FsBridgeError('ERR_NOT_MOUNTED', `process ${control.pid}`, 'it has ended');
  }
  const isOurs = error instanceof FsBridgeError || error === interruption.reason;
  return isOurs ? (error as Error) : noAnswer(control.pid);
}

export function noAnswer(pid: number): FsBridgeError {
  return new FsBridgeError(
    'ERR_NO_ANSWER',
    `the mount of process ${pid}`,
    'it does not answer: its disk may hang',
    'Look at its log; `fsbridge umount --force` ends it without writing out.',
  );
}

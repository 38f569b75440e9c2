/**
 * The mount's side of its control channel.
 *
 * Invariants:
 * 1. Only the mount's owner and root can connect: the socket has mode 600 and lies in a folder
 *    that only the owner may enter; a named pipe of Windows lets the owner and administrators
 *    write.
 * 2. Every request is answered with one line, even a wrong one. A request that is longer than 64
 *    KiB, or is not complete within 5 seconds, is not answered.
 * 3. The channel keeps no process alive.
 */
import net from 'node:net';
import { describeError } from '../../observe/messages.ts';
import { announce, type ControlAddress, withdraw } from './address.ts';
import type { ControlAnswer, ControlRequest } from './control-protocol.ts';

const maxRequestChars = 64 * 1024;
const requestTimeoutMs = 5_000;

export type Handler = (request: ControlRequest) => Promise<ControlAnswer>;

export class ControlServer {
  #server: net.Server;
  #control: ControlAddress;

  private constructor(server: net.Server, control: ControlAddress) {
    this.#server = server;
    this.#control = control;
  }

  /** Listens there. Rejects with the host's error. */
  static listen(control: ControlAddress, handler: Handler): Promise<ControlServer> {
    const server = net.createServer({ allowHalfOpen: true }, (socket) => serve(socket, handler));
    server.unref();
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path: control.address, exclusive: true }, () => {
        announce(control);
        resolve(new ControlServer(server, control));
      });
    });
  }

  /** Takes no more requests; resolves when those under way are answered. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      withdraw(this.#control);
    });
  }
}

function serve(socket: net.Socket, handler: Handler): void {
  let text = '';
  socket.on('error', () => socket.destroy());
  socket.setEncoding('utf8');
  socket.setTimeout(requestTimeoutMs, () => socket.destroy());
  socket.on('data', (part: string) => {
    const before = text.length;
    text += part;
    if (text.length > maxRequestChars) socket.destroy();
    const end = text.indexOf('\n');
    if (end < before || end < 0) return;
    // From here on there is no limit of time: an unmount writes all data out.
    socket.setTimeout(0);
    void answer(text.slice(0, end), handler).then((result) => {
      socket.end(`${JSON.stringify(result)}\n`);
    });
  });
}

async function answer(line: string, handler: Handler): Promise<ControlAnswer> {
  try {
    return await handler(parseRequest(line));
  } catch (error) {
    return errorAnswer(error);
  }
}

/** An error as an answer: the client throws it as its own. */
export function errorAnswer(error: unknown): ControlAnswer {
  const { code, what, why, advice } = describeError(error);
  return { error: { code, what, why, advice } };
}

function parseRequest(line: string): ControlRequest {
  const request: unknown = JSON.parse(line);
  if (typeof request !== 'object' || request === null || !('command' in request)) {
    throw new TypeError('no request');
  }
  if (request.command === 'status' || request.command === 'sync')
    return { command: request.command };
  if (request.command !== 'umount') throw new TypeError('no such request');
  return {
    command: 'umount',
    lazy: 'lazy' in request && request.lazy === true,
    force: 'force' in request && request.force === true,
  };
}

/**
 * A mount's end of its control channel.
 *
 * Invariants:
 * 1. Whoever connects is the mount's owner or root: the socket lies in a folder of the owner's
 *    alone and has mode 600; a named pipe of Windows lets the owner and administrators write.
 * 2. A request is answered with one line, whatever was sent; one that is longer than 64 KiB, or is
 *    not finished within seconds, is not answered.
 * 3. The channel keeps no process alive.
 */
import net from 'node:net';
import { describeError } from '../../observe/messages.ts';
import { announce, type ControlAddress, withdraw } from './address.ts';
import type { ControlAnswer, ControlRequest } from './control-protocol.ts';

const requestMost = 64 * 1024;
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

  /** Takes no more requests; resolves when those that came are answered. */
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
    if (text.length > requestMost) socket.destroy();
    const end = text.indexOf('\n');
    if (end < before || end < 0) return;
    // From here on it takes as long as it takes: an unmount writes out what there is.
    socket.setTimeout(0);
    void answer(text.slice(0, end), handler).then((said) => {
      socket.end(`${JSON.stringify(said)}\n`);
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

/** An error as an answer: the other end tells it as its own. */
export function errorAnswer(error: unknown): ControlAnswer {
  const { code, what, why, advice } = describeError(error);
  return { error: { code, what, why, advice } };
}

function parseRequest(line: string): ControlRequest {
  const said: unknown = JSON.parse(line);
  if (typeof said !== 'object' || said === null || !('command' in said)) {
    throw new TypeError('no request');
  }
  if (said.command === 'status' || said.command === 'sync') return { command: said.command };
  if (said.command !== 'umount') throw new TypeError('no such request');
  return {
    command: 'umount',
    lazy: 'lazy' in said && said.lazy === true,
    force: 'force' in said && said.force === true,
  };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { ControlAddress } from '../../../src/daemon/control/address.ts';
import { ask, findMounts, processBehind } from '../../../src/daemon/control/client.ts';
import type { ControlRequest } from '../../../src/daemon/control/control-protocol.ts';
import { ControlServer } from '../../../src/daemon/control/server.ts';
import { FsBridgeError } from '../../../src/errors.ts';
import { notLinux, testUnless } from '../../support/needs.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-control-'));
let sockets = 0;
const newSocket = (): ControlAddress => {
  const file = path.join(folder, `${++sockets}.sock`);
  return { pid: 7, address: file, file };
};

afterAll(() => fs.rmSync(folder, { recursive: true }));

/** Sends that text; answers all that comes back. */
async function exchange({ address }: ControlAddress, text: string): Promise<string> {
  const socket = net.connect(address);
  socket.end(text);
  let answer = '';
  socket.on('data', (bytes) => {
    answer += bytes.toString();
  });
  await once(socket, 'close');
  return answer;
}

describe('a control channel', () => {
  test('passes requests, answers and errors unchanged', async () => {
    const address = newSocket();
    const asked: ControlRequest[] = [];
    const server = await ControlServer.listen(address, async (request) => {
      asked.push(request);
      if (request.command === 'umount' && request.force !== true) {
        throw new FsBridgeError('EBUSY', '/mnt', 'it is in use', 'Wait.');
      }
      return { unmounted: true };
    });
    const force = { command: 'umount', lazy: false, force: true } as const;
    expect(await ask(address, force, 1000)).toEqual({ unmounted: true });
    const refusal = ask(address, { command: 'umount', lazy: true }, 1000);
    await expect(refusal).rejects.toMatchObject({
      code: 'EBUSY',
      what: '/mnt',
      why: 'it is in use',
      advice: 'Wait.',
    });
    expect(asked).toEqual([force, { command: 'umount', lazy: true, force: false }]);
    await server.close();
    expect(fs.existsSync(address.file)).toBe(false);
  });

  test('is for its owner alone (1)', async () => {
    const address = newSocket();
    const server = await ControlServer.listen(address, async () => ({ unmounted: true }));
    expect(fs.statSync(address.file).mode & 0o777).toBe(0o600);
    await server.close();
  });

  test.each([
    ['text that is no JSON', 'hello\n'],
    ['JSON that is no object', '7\n'],
    ['an object that is no request', '{}\n'],
    ['an unknown request', '{"command":"format"}\n'],
  ])('answers %s with an error, and serves the next request (2)', async (_, text) => {
    const address = newSocket();
    const server = await ControlServer.listen(address, async () => ({ unmounted: true }));
    expect(JSON.parse(await exchange(address, text))).toMatchObject({ error: {} });
    expect(await exchange(address, '{"command":"umount"}\n')).toBe('{"unmounted":true}\n');
    await server.close();
  });

  test('closes a connection whose request does not end (2)', async () => {
    const address = newSocket();
    const server = await ControlServer.listen(address, async () => ({ unmounted: true }));
    const socket = net.connect(address.address);
    socket.on('error', () => {});
    socket.write('x'.repeat(200_000));
    await new Promise((resolve) => socket.on('close', resolve));
    await server.close();
  });

  test('of a process that has ended is distinguished from one that does not answer', async () => {
    await expect(ask(newSocket(), { command: 'status' }, 1000)).rejects.toMatchObject({
      code: 'ERR_NOT_MOUNTED',
    });
    const address = newSocket();
    const silent = net.createServer(() => {}).listen(address.address);
    await once(silent, 'listening');
    await expect(ask(address, { command: 'status' }, 50)).rejects.toMatchObject({
      code: 'ERR_NO_ANSWER',
    });
    silent.close();
  });
});

/** How a hostile process answers a connection. */
const hostile: Readonly<Record<string, (socket: net.Socket) => void>> = {
  drip: (socket) => {
    const timer = setInterval(() => socket.write(' '), 50);
    socket.on('close', () => clearInterval(timer));
  },
  flood: (socket) => {
    const send = (): void => {
      while (socket.write(' '.repeat(100_000)));
    };
    socket.on('drain', send);
    send();
  },
  silence: () => {},
  'no more than null': (socket) => socket.end('null\n'),
  nesting: (socket) => socket.end('['.repeat(400_000)),
};

test.each(Object.keys(hostile))('an answer by %s ends within the bounds', async (way) => {
  const address = newSocket();
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    hostile[way]?.(socket);
  });
  server.listen(address.address);
  await once(server, 'listening');
  const start = performance.now();
  await expect(ask(address, { command: 'status' }, 400)).rejects.toMatchObject({
    code: 'ERR_NO_ANSWER',
  });
  expect(performance.now() - start).toBeLessThan(5_000);
  server.close();
});

testUnless(notLinux)(
  'the process behind a socket is what the kernel says, not what the file is called',
  async () => {
    const address = newSocket();
    const server = net.createServer().listen(address.address);
    await once(server, 'listening');
    expect(processBehind({ ...address, pid: 1 })).toBe(process.pid);
    server.close();
  },
);

test('the socket of a killed mount is removed', async () => {
  const left = path.join(folder, 'mount-999999.sock');
  // A process that listens and is killed leaves its socket.
  const script = `require('net').createServer().listen(${JSON.stringify(left)}, () => console.log())`;
  const child = spawn(process.execPath, ['-e', script]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(fs.existsSync(left)).toBe(true);
  expect(await findMounts([{ pid: 999999, address: left, file: left }])).toEqual([]);
  expect(fs.existsSync(left)).toBe(false);
});

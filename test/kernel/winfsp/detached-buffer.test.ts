/**
 * A request is answered because its time is over, and its memory taken away, while Linux copies.
 */
import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { abi } from '../../../src/vfs-linux/abi.gen.ts';
import { Kernel } from '../../../src/vfs-linux/kernel.ts';
import { DriverMemory } from '../../../src/winfsp/native/driver-memory.ts';

const sizeBytes = 512 * 1024;
let kernel: Kernel;
let fd = -1;

beforeAll(async () => {
  kernel = await Kernel.boot();
  const flags = abi.O_CREAT | abi.O_RDWR;
  fd = await kernel.calls.openat2(abi.AT_FDCWD, '/detached', flags, 0o600);
  expect(fd).toBeGreaterThanOrEqual(0);
});

afterAll(() => kernel.close());

/** Memory of a driver's that can be taken away. */
function driverMemory(content: number): { memory: DriverMemory; buffer: Buffer } {
  const memory = new DriverMemory(
    (_address, lengthBytes) => new ArrayBuffer(lengthBytes),
    (gone) => kernel.calls.ring.letGo(gone),
  );
  const buffer = memory.view(4096n, sizeBytes).fill(content);
  return { memory, buffer };
}

test('a write goes on with what was in the memory at that moment', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const { memory, buffer } = driverMemory(turns + 1);
    const answer = kernel.calls.pwrite(fd, buffer, 0);
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    memory.detach(buffer);
    expect(buffer.length).toBe(0);
    expect(await answer).toBe(sizeBytes);
    const back = Buffer.alloc(sizeBytes);
    await kernel.calls.pread(fd, back, 0);
    expect(back.equals(Buffer.alloc(sizeBytes, turns + 1))).toBe(true);
  }
  expect(kernel.failure).toBeUndefined();
});

test('a write is taken over between two of its pages too', async () => {
  const { ring } = kernel.calls;
  const { memory, buffer } = driverMemory(99);
  const copyIn = ring.copyIn.bind(ring);
  let copies = 0;
  ring.copyIn = (to, window, bytes) => {
    if (++copies === 3) memory.detachAll();
    return copyIn(to, window, bytes);
  };
  try {
    expect(await kernel.calls.pwrite(fd, buffer, 0)).toBe(sizeBytes);
  } finally {
    ring.copyIn = copyIn;
  }
  expect(copies).toBeGreaterThan(3);
  const back = Buffer.alloc(sizeBytes);
  await kernel.calls.pread(fd, back, 0);
  expect(back.equals(Buffer.alloc(sizeBytes, 99))).toBe(true);
});

test('a read ends, and writes nothing where it is not wanted any more', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const { memory, buffer } = driverMemory(0);
    const answer = kernel.calls.pread(fd, buffer, 0);
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    memory.detach(buffer);
    expect(await answer).toBe(sizeBytes);
  }
  expect(kernel.failure).toBeUndefined();
});

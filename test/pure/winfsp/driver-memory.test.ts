/**
 * Views of the driver's memory: they are kept for the driver's pooled buffers, and detached at the
 * end.
 */
import { expect, test } from 'vitest';
import { DriverMemory } from '../../../src/winfsp/native/driver-memory.ts';

function counting(): { memory: DriverMemory; made: string[]; letGo: ArrayBuffer[] } {
  const made: string[] = [];
  const letGo: ArrayBuffer[] = [];
  const memory = new DriverMemory(
    (address, lengthBytes) => {
      made.push(`${address}+${lengthBytes}`);
      return new ArrayBuffer(lengthBytes);
    },
    (gone) => {
      // A copy that is under way still has the memory at this moment.
      expect(gone.detached).toBe(false);
      letGo.push(gone);
    },
  );
  return { memory, made, letGo };
}

test('a pooled buffer has one view for requests of every length', () => {
  const { memory, made } = counting();
  const whole = memory.view(4096n, 65536);
  expect(memory.view(4096n, 65536)).toBe(whole);
  const part = memory.view(4096n, 100);
  expect(part.length).toBe(100);
  expect(part.buffer).toBe(whole.buffer);
  expect(memory.view(8192n, 10).buffer).not.toBe(whole.buffer);
  expect(made).toEqual(['4096+65536', '8192+10']);
  // A view that is too short is made anew.
  expect(memory.view(8192n, 20).length).toBe(20);
  expect(made).toHaveLength(3);
});

test('a larger buffer gets a new view for each request', () => {
  const { memory, made } = counting();
  memory.view(4096n, 65537);
  memory.view(4096n, 65537);
  expect(made).toHaveLength(2);
});

test('a detached view has no bytes, and is not reused', () => {
  const { memory, made } = counting();
  const view = memory.view(4096n, 512);
  memory.detach(view);
  expect(view.length).toBe(0);
  expect(memory.view(4096n, 512).length).toBe(512);
  expect(made).toHaveLength(2);
  const large = memory.view(4096n, 100_000);
  memory.detach(large);
  expect(large.length).toBe(0);
});

test('after the end no view has bytes', () => {
  const { memory, letGo } = counting();
  const over = memory.view(4096n, 200_000);
  memory.release(over);
  const views = [memory.view(4096n, 512), memory.view(65536n, 512), memory.view(4096n, 100_000)];
  memory.detachAll();
  expect(views.map(({ length }) => length)).toEqual([0, 0, 0]);
  expect(letGo).toHaveLength(3);
  expect(over.length).toBe(200_000);
});

/**
 * The table of nodes: one node for each inode, found by its handle, for as long as it is in use.
 */
import { describe, expect, test } from 'vitest';
import { firstPassing, type HandleFormat, handleOf } from '../../../src/fuse/handle-numbers.ts';
import { type Node, Nodes } from '../../../src/fuse/nodes.ts';
import { OpenFiles } from '../../../src/fuse/open-files.ts';
import { KernelMemory } from '../../../src/vfs-linux/memory.ts';
import { Random, testSeed } from '../../support/random.ts';

const memory = new KernelMemory(65536 * 2);

/** Writes a struct file_handle of an inode and its generation, as ext4 gives it; answers where. */
function handle(ino: number, generation: number, address = 4096): number {
  const word = address / 4;
  memory.u32.set([8, 1, ino, generation], word);
  return address;
}

test('the same handle is the same node, another generation is another node', () => {
  const nodes = new Nodes();
  const first = nodes.ensure(memory, handle(12, 1));
  expect(nodes.ensure(memory, handle(12, 1, 8192))).toBe(first);
  const other = nodes.ensure(memory, handle(12, 2));
  expect(other).not.toBe(first);
  expect(nodes.find(memory, handle(12, 1))).toBe(first);
  expect(nodes.find(memory, handle(12, 2))).toBe(other);
  expect(nodes.find(memory, handle(13, 1))).toBeUndefined();
});

test('the root has number 1 and stays', () => {
  const nodes = new Nodes();
  const root = nodes.addRoot(Buffer.from('root'), 5);
  root.lookups = 0;
  expect(root.id).toBe(1);
  expect(nodes.isUnused(root)).toBe(false);
  expect(nodes.ensure(memory, handle(2, 0)).id).toBeGreaterThan(1);
});

/** A handle of a kind whose numbers do not last. */
function passing(content: number): number {
  memory.u32.set([8, 0x51, content, 0], 1024);
  return 4096;
}

test('a number that is used again has another generation', () => {
  const nodes = new Nodes();
  const first = nodes.ensure(memory, passing(20));
  expect(nodes.get(first.id)).toBe(first);
  nodes.remove(first);
  expect(nodes.get(first.id)).toBeUndefined();
  const next = nodes.ensure(memory, passing(21));
  expect(next.id).toBe(first.id);
  expect(next.generation).not.toBe(first.generation);
});

describe('a lasting number is the one in the handle:', () => {
  test.each([
    ['ext4', [8, 1, 12, 99], 12],
    ['XFS', [12, 0x81, 131, 5, 99], 5 * 2 ** 32 + 131],
    ['btrfs', [20, 0x4d, 257, 0, 5, 0, 99], 5 * 2 ** 36 + 257],
    ['a subvolume', [20, 0x4d, 256, 0, 261, 0, 99], 261 * 2 ** 36 + 256],
  ])('%s', (_, words, id) => {
    const nodes = new Nodes();
    nodes.addRoot(Buffer.from(Int32Array.from([...words.slice(0, -1), 1]).buffer), 5);
    memory.u32.set(words, 1024);
    const node = nodes.ensure(memory, 4096);
    expect(node).toMatchObject({ id, generation: 99 });
    expect(nodes.get(id)).toBe(node);
    const format = nodes.format as HandleFormat;
    expect([...handleOf(format, id, 99)]).toEqual(words);
  });

  test.each([
    ['a number that the root has', [8, 1, 1, 0]],
    ['one that is too large', [12, 0x81, 0, 2 ** 20, 0]],
    ['one of too many subvolumes', [20, 0x4d, 256, 0, 65536, 0, 1]],
    ['one that is too large for a subvolume', [20, 0x4d, 0, 16, 5, 0, 1]],
  ])('but for %s', (_, words) => {
    const nodes = new Nodes();
    memory.u32.set(words, 1024);
    const node = nodes.ensure(memory, 4096);
    expect(node.id).toBeGreaterThanOrEqual(firstPassing);
    expect(nodes.get(node.id)).toBe(node);
  });
});

test('a node is in use while it is looked up, open or worked on', () => {
  const nodes = new Nodes();
  const node = nodes.ensure(memory, handle(30, 1));
  expect(nodes.isUnused(node)).toBe(true);
  for (const field of ['lookups', 'busy'] as const) {
    node[field]++;
    expect(nodes.isUnused(node)).toBe(false);
    node[field]--;
  }
  const files = new OpenFiles();
  const handles = [
    files.add({ node, fd: 7, writes: true }),
    files.add({ node, fd: 8, writes: false }),
  ];
  expect(node.open).toMatchObject({ count: 2, writers: 1, fd: 7 });
  files.remove(handles[0] as number);
  expect(node.open).toMatchObject({ count: 1, writers: 0, fd: 8 });
  expect(nodes.isUnused(node)).toBe(false);
  files.remove(handles[1] as number);
  expect(nodes.isUnused(node)).toBe(true);
});

test('without handles the inode’s number identifies a node', () => {
  const nodes = new Nodes();
  const node = nodes.ensureByNumber(5, 1, 8);
  expect(nodes.ensureByNumber(5, 1, 8)).toBe(node);
  expect(nodes.ensureByNumber(5, 2, 8)).not.toBe(node);
  expect(nodes.ensureByNumber(5, 1, 9)).not.toBe(node);
  expect(node.pinned).toBe(true);
});

test('an evicted node is the same when it is asked for again', () => {
  const nodes = new Nodes();
  const node = nodes.ensure(memory, handle(40, 3));
  node.lookups = 5;
  node.mode = 0o100644;
  nodes.evict(node);
  expect([...nodes]).toEqual([]);
  const { id, generation } = node;
  const again = nodes.get(id) as Node;
  expect(again).not.toBe(node);
  expect(again).toMatchObject({ id, generation, lookups: 5, mode: 0o100644 });
  expect(nodes.ensure(memory, handle(40, 3))).toBe(again);
  nodes.writeHandle(again, memory, 12288);
  expect([...memory.u32.subarray(3072, 3076)]).toEqual([8, 1, 40, 3]);
});

test('a node with more than a record keeps is not evicted', () => {
  const nodes = new Nodes();
  const node = nodes.ensure(memory, handle(41, 1));
  const files = new OpenFiles();
  const staysLoaded = (): void => {
    nodes.evict(node);
    expect(nodes.get(node.id)).toBe(node);
  };
  node.busy++;
  staysLoaded();
  node.busy--;
  const fh = files.add({ node, fd: 7, writes: true });
  staysLoaded();
  files.remove(fh);
  node.descriptor = { node, fd: 7, readable: false, older: undefined, newer: undefined };
  staysLoaded();
  node.descriptor = undefined;
  node.lookups = 2 ** 31;
  staysLoaded();
  expect(nodes.ensure(memory, handle(41, 1)).lookups).toBe(2 ** 31);
});

test('a number that the host never got is no node', () => {
  const nodes = new Nodes();
  const node = nodes.ensure(memory, handle(42, 1));
  for (const id of [0, -1, 1, node.id + 1, 1e6, 2 ** 32 + node.id, 2 ** 53, 0.5, Number.NaN]) {
    expect(nodes.get(id)).toBeUndefined();
  }
});

test('handles of any length are told apart', () => {
  const nodes = new Nodes();
  const made = Array.from({ length: 3000 }, (_, i) => {
    const bytes = 4 * (1 + Math.floor(i / 400));
    memory.u32.set([bytes, 1, ...new Array<number>(bytes / 4).fill(i)], 1024);
    const node = nodes.ensure(memory, 4096);
    nodes.evict(node);
    return node.id;
  });
  expect(new Set(made).size).toBe(made.length);
  for (const [i, id] of made.entries()) {
    nodes.writeHandle(nodes.get(id) as Node, memory, 8192);
    const [length, , first] = memory.u32.subarray(2048);
    expect([length, first]).toEqual([4 * (1 + Math.floor(i / 400)), i]);
    expect(nodes.find(memory, 8192)?.id).toBe(id);
  }
});

test('finding, evicting and removing at random agrees with a map', () => {
  const random = new Random(testSeed());
  console.log(`SEED=${random.seed}`);
  const nodes = new Nodes();
  const model = new Map<number, { id: number; generation: number; lookups: number }>();
  for (let step = 0; step < 60_000; step++) {
    const ino = random.below(5000);
    const known = model.get(ino);
    if (known !== undefined && random.below(3) === 0) {
      nodes.remove(nodes.get(known.id) as Node);
      model.delete(ino);
      continue;
    }
    const node = nodes.ensure(memory, handle(ino, ino % 7));
    if (known !== undefined) expect(node).toMatchObject(known);
    node.lookups += random.below(3);
    const { id, generation, lookups } = node;
    model.set(ino, { id, generation, lookups });
    if (random.below(2) === 0) nodes.evict(node);
  }
  expect(nodes.size).toBe(model.size);
  expect(new Set([...model.values()].map(({ id }) => id)).size).toBe(model.size);
});

/**
 * The times that the host keeps itself: put back after the kernel has set its own, and remembered
 * for as long as the host may count on them.
 */
import { expect, test } from 'vitest';
import { HostTimes } from '../../../src/fuse/host-times.ts';
import { type Node, Nodes } from '../../../src/fuse/nodes.ts';
import { OpenFiles } from '../../../src/fuse/open-files.ts';
import { abi } from '../../../src/vfs-linux/abi.gen.ts';
import type { SlotCalls } from '../../../src/vfs-linux/calls/slot-calls.ts';
import { KernelMemory } from '../../../src/vfs-linux/memory.ts';

const memory = new KernelMemory(65536 * 2);
const now = { sec: 5, nsec: 6 };
const hostTime = { sec: 1, nsec: 2 };

function scene(): {
  nodes: Nodes;
  times: HostTimes;
  node: (ino: number) => Node;
  restored: (node: Node) => number[];
} {
  const nodes = new Nodes();
  const times = new HostTimes(nodes);
  return {
    nodes,
    times,
    node: (ino) => {
      memory.u32.set([8, 1, ino, 1], 1024);
      return nodes.ensure(memory, 4096);
    },
    restored: (node) => {
      const set: number[] = [];
      const utimensat: SlotCalls['utimensat'] = (_fd, { mtime }) => set.push(mtime.sec);
      times.restore({ utimensat }, node, 3);
      return set;
    },
  };
}

test('the host’s time is put back once, and only after a change', () => {
  const { times, node, restored } = scene();
  times.note(node(20), hostTime, now);
  expect(restored(node(20))).toEqual([]);
  times.changed(node(20));
  expect(restored(node(20))).toEqual([1]);
  expect(restored(node(20))).toEqual([]);
});

test('a time of now, or none, is not put back', () => {
  const { times, node, restored } = scene();
  for (const nsec of [abi.UTIME_NOW, abi.UTIME_OMIT]) {
    times.note(node(20), { sec: 0, nsec }, now);
    times.changed(node(20));
    expect(restored(node(20))).toEqual([]);
  }
});

test('an inode’s number that is used again has nothing of the file before', () => {
  const { nodes, times, node, restored } = scene();
  times.note(node(20), hostTime, now);
  nodes.remove(node(20));
  memory.u32.set([8, 1, 20, 2], 1024);
  const next = nodes.ensure(memory, 4096);
  times.changed(next);
  expect(restored(next)).toEqual([]);
});

test('of thousands, the last times are kept, and those of every open file', () => {
  const { times, node, restored } = scene();
  const files = new OpenFiles();
  files.add({ node: node(20), fd: 7, writes: true });
  const inos = Array.from({ length: 5000 }, (_, i) => 20 + i);
  for (const ino of inos) times.note(node(ino), hostTime, now);
  const known = inos.filter((ino) => {
    times.changed(node(ino));
    return restored(node(ino)).length > 0;
  });
  expect(known[0]).toBe(20);
  expect(known.slice(1)).toEqual(inos.slice(-known.length + 1));
  expect(known.length).toBe(1024);
});

/**
 * Descriptors of nodes on a real volume: few are open, every file can be reached, and a file
 * without a name is not lost.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NodeDescriptors } from '../../../src/fuse/node-descriptors.ts';
import { type Node, Nodes } from '../../../src/fuse/nodes.ts';
import { abi, errno } from '../../../src/vfs-linux/abi.gen.ts';
import {
  handleAddressOf,
  SlotCalls,
  statxWordOf,
} from '../../../src/vfs-linux/calls/slot-calls.ts';
import { cannotMount, type FreshVolume, mountFresh } from '../../support/kernel-volume.ts';
import { describeUnless } from '../../support/needs.ts';

const maxOpen = 4;
const files = 12;

const why = cannotMount('ext4');
describeUnless(why)('descriptors', () => {
  let fresh: FreshVolume;
  let calls: SlotCalls;
  let descriptors: NodeDescriptors;
  const nodes = new Nodes();
  /** The nodeids: a node is evicted when its descriptor is closed, and so its object changes. */
  const known: number[] = [];

  const name = (index: number): string => `file-${index}`;
  const nodeOf = (id: number): Node => nodes.get(id) as Node;
  const use = (id: number): Promise<number> =>
    new Promise((resolve) => descriptors.use(nodeOf(id), resolve));
  /** The inode that a descriptor stands for, or a negative errno. */
  const inodeOf = (fd: number): Promise<number> =>
    new Promise((resolve) =>
      calls.fstatx(fd, (ret, slot) => {
        const word = statxWordOf(slot) + abi['statx.stx_ino'] / 4;
        resolve(ret < 0 ? ret : (calls.memory.u32[word] as number));
      }),
    );
  const look = (text: string): Promise<number> => {
    const bytes = Buffer.from(text);
    return new Promise((resolve) =>
      calls.lookup(fresh.volume.root, { bytes, start: 0, end: bytes.length }, (ret, slot) => {
        expect(ret).toBe(0);
        resolve(nodes.ensure(calls.memory, handleAddressOf(slot)).id);
      }),
    );
  };

  beforeAll(async () => {
    fresh = await mountFresh('ext4');
    const { volume } = fresh;
    const onBug = (error: unknown): void => {
      throw error;
    };
    calls = new SlotCalls(volume.calls.ring, volume.root, { onBug, trace: undefined });
    descriptors = new NodeDescriptors(calls, nodes, volume.root, maxOpen);
    for (let i = 0; i < files; i++) {
      await fresh.fs.writeFile(`/${name(i)}`, 'x');
      known.push(await look(name(i)));
    }
  });
  afterAll(async () => {
    for (const id of known) descriptors.release(nodeOf(id));
    await fresh.close();
  });

  test('few are open, and each file is found again by its handle', async () => {
    const inodes: number[] = [];
    for (const id of [...known, ...known]) {
      const fd = await use(id);
      inodes.push(await inodeOf(fd));
      expect(descriptors.count).toBeLessThanOrEqual(maxOpen);
    }
    expect(new Set(inodes).size).toBe(files);
    expect(inodes.slice(0, files)).toEqual(inodes.slice(files));
    expect(known.filter((id) => nodeOf(id).fd >= 0).length).toBe(maxOpen);
  });

  test('the descriptor that was used last stays open', async () => {
    const [favourite] = known as [number];
    const fd = await use(favourite);
    for (const id of known.slice(1)) {
      await use(id);
      expect(await use(favourite)).toBe(fd);
    }
  });

  test('a released descriptor is closed', async () => {
    const [id] = known as [number];
    const fd = await use(id);
    const node = nodeOf(id);
    descriptors.release(node);
    expect(node.fd).toBe(-1);
    expect(await inodeOf(fd)).toBe(-errno.EBADF);
  });

  test('a file without a name keeps its descriptor, whatever else is used', async () => {
    const id = known[3] as number;
    await use(id);
    const node = nodeOf(id);
    descriptors.pin(node);
    const { fd } = node;
    const inode = await inodeOf(fd);
    await fresh.fs.unlink(`/${name(3)}`);
    for (const other of known.filter((one) => one !== id)) await use(other);
    expect(await use(id)).toBe(fd);
    expect(await inodeOf(fd)).toBe(inode);
    descriptors.release(node);
    expect(await use(id)).toBe(-errno.ESTALE);
  });
});

/**
 * A program of its own: writes to an image on a disk in memory, removes the disk in the middle,
 * and must end by itself. Prints one line of JSON.
 *
 *     node test/support/disks/pull-disk.ts IMAGE TYPE BLOCK_BYTES
 */
import { Buffer } from 'node:buffer';
import { abi } from '../../../src/vfs-linux/abi.gen.ts';
import type { LinuxCalls } from '../../../src/vfs-linux/calls.ts';
import { at } from '../../../src/vfs-linux/calls.ts';
import { Kernel } from '../../../src/vfs-linux/kernel.ts';
import { Random, testSeed } from '../random.ts';
import { PowerCutDevice, SparseBytes } from './power-cut-device.ts';

const [image = '', type = '', blockBytes = '512'] = process.argv.slice(2);
const answers = new Map<number, number>();
let pulled = false;

function note(answer: number): number {
  const key = Math.min(answer, 0);
  answers.set(key, (answers.get(key) ?? 0) + 1);
  return answer;
}

/** Writes, reads, renames and fsyncs until the disk is gone, and a few times after that. */
async function use(calls: LinuxCalls, index: number): Promise<void> {
  const flags = abi.O_CREAT | abi.O_RDWR;
  const path = `/file${index}`;
  const fd = note(await calls.openat2(abi.AT_FDCWD, path, flags, 0o644));
  const bytes = Buffer.alloc(70_000, index);
  for (let round = 0, after = 0; after < 5; round++, after += pulled ? 1 : 0) {
    note(await calls.pwrite(fd, bytes, (round % 20) * 50_000));
    note(await calls.pread(fd, bytes, (round % 7) * 50_000));
    if (index % 2 === 0) note(await calls.fsync(fd));
    if (index % 5 === 0)
      note(await calls.renameat2(at(abi.AT_FDCWD, path), at(abi.AT_FDCWD, `${path}x`)));
    if (index % 5 === 0)
      note(await calls.renameat2(at(abi.AT_FDCWD, `${path}x`), at(abi.AT_FDCWD, path)));
  }
  note(await calls.close(fd));
}

const random = new Random(testSeed());
const kernel = await Kernel.boot();
const device = new PowerCutDevice(await SparseBytes.load(image), Number(blockBytes), random);
const disk = await kernel.attach(device);
const volume = await kernel.mount({ device: disk.name, types: [type], readOnly: false });
const users = Array.from({ length: 30 }, (_, index) => use(volume.calls, index));
await new Promise((resolve) => setTimeout(resolve, 50 + random.below(200)));
pulled = true;
const inFlight = kernel.requestsInFlight;
await disk.detach();
await Promise.all(users);
const unmount = await volume.close().then(
  () => 'unmounted',
  (error: unknown) => `${error}`,
);
const alive = kernel.failure === undefined;
await kernel.close();
console.log(JSON.stringify({ inFlight, answers: Object.fromEntries(answers), unmount, alive }));

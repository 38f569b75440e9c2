/**
 * A disk that does not answer: programs that wait for it can be killed, others continue, and when
 * the disk answers again everything on it is there. Needs root and /dev/fuse; skipped, with the
 * reason, without.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import { openFileSource } from '../../../src/block/file/file-source.ts';
import { type FuseMount, mountFuse } from '../../../src/fuse/mount.ts';
import { Kernel } from '../../../src/vfs-linux/kernel.ts';
import { FaultyDisk } from '../../support/disks/faulty-disk.ts';
import { cannotMount } from '../../support/native/fuse-mount.ts';
import { testUnless } from '../../support/needs.ts';
import { mustRun } from '../../support/run-program.ts';

const why = cannotMount('ext4');
const contentBytes = 4 * 1048576;

/** Starts a program. Returns it, and a promise of its end. */
function start(...args: string[]): { child: ChildProcess; ended: Promise<unknown> } {
  const [program, ...rest] = args as [string, ...string[]];
  const child = spawn(program, rest, { stdio: 'ignore' });
  const ended = new Promise((resolve) =>
    child.on('close', (code, signal) => resolve(signal ?? code)),
  );
  return { child, ended };
}

async function makeImage(folder: string): Promise<string> {
  const image = join(folder, 'image');
  const tree = join(folder, 'tree');
  fs.mkdirSync(tree);
  fs.writeFileSync(join(tree, 'large'), Buffer.alloc(contentBytes, 'disk'));
  fs.writeFileSync(join(tree, 'small'), 'small');
  fs.mkdirSync(join(tree, 'folder'));
  fs.writeFileSync(join(tree, 'folder', 'file'), '');
  fs.writeFileSync(image, '');
  fs.truncateSync(image, 64 * 1048576);
  await mustRun(['mkfs.ext4', '-q', '-F', '-d', tree, image]);
  return image;
}

testUnless(why)('a program that waits for a disk that hangs can be killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fsbridge-interrupt-'));
  const dir = join(folder, 'mnt');
  fs.mkdirSync(dir);
  const kernel = await Kernel.boot();
  let mount: FuseMount | undefined;
  let disk: FaultyDisk | undefined;
  try {
    disk = new FaultyDisk(await openFileSource(await makeImage(folder), { write: false }));
    const { name } = await kernel.attach(disk);
    const volume = await kernel.mount({ device: name, types: ['ext4'], options: 'noload' });
    mount = await mountFuse(volume, dir, { source: disk.name });
    expect(String((await mustRun(['cat', join(dir, 'small')])).stdout)).toBe('small');
    disk.suspend();
    // A listing; a read that waits in the host's cache is given up by the host itself.
    const reader = start('ls', join(dir, 'folder'));
    for (let tries = 0; disk.waiting === 0 && tries < 500; tries++) await setTimeout(10);
    expect(disk.waiting).toBeGreaterThan(0);
    reader.child.kill('SIGKILL');
    // Requests that need no disk are answered meanwhile.
    expect(String((await mustRun(['stat', '-c', '%s', join(dir, 'small')])).stdout)).toBe('5\n');
    expect(await Promise.race([reader.ended, setTimeout(20_000, 'it waits')])).toBe('SIGKILL');
    disk.resume();
    expect(String((await mustRun(['ls', join(dir, 'folder')])).stdout)).toBe('file\n');
    await mustRun(['cmp', join(folder, 'tree', 'large'), join(dir, 'large')]);
  } finally {
    disk?.resume();
    await mount?.unmount();
    await kernel.close();
    await rm(folder, { recursive: true });
  }
});

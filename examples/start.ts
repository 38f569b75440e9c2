/**
 * `npm start`: the main task, on a disk that is in the repository. Makes the kernel image if it is
 * missing, unpacks examples/sample-disk.img.zst (a GPT disk with an ext4, an XFS and a btrfs
 * partition, made by the real mkfs), and runs the commands that a user would type. Each command is
 * shown before its answer.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';

const root: string = path.resolve(import.meta.dirname, '..');
const command: string = path.join(root, 'src', 'cli', 'main.ts');
const blockBytes = 65536;

/** Unpacks a disk without writing its zeroes, so that the file is sparse. */
async function unpack(from: string, to: string): Promise<void> {
  const file = await fs.promises.open(to, 'w');
  let offsetBytes = 0;
  const zeroes = Buffer.alloc(blockBytes);
  const source = fs.createReadStream(from);
  const params = { [zlib.constants.ZSTD_d_windowLogMax]: 27 };
  await pipeline(source, zlib.createZstdDecompress({ params }), async (chunks) => {
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; at += blockBytes) {
        const block = chunk.subarray(at, at + blockBytes);
        if (!block.equals(zeroes.subarray(0, block.length))) {
          await file.write(block, 0, block.length, offsetBytes + at);
        }
      }
      offsetBytes += chunk.length;
    }
  });
  await file.truncate(offsetBytes);
  await file.close();
}

/** Shows a command line and its answer; ends the example if the command fails. */
function run(name: string, program: string, before: readonly string[], args: string[]): string {
  const shown = args.map((arg) => (/[\s"']/.test(arg) ? `"${arg}"` : arg)).join(' ');
  console.log(`\n$ ${name} ${shown}`);
  const { status, stdout } = spawnSync(program, [...before, ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.stdout.write(stdout ?? '');
  if (status !== 0) {
    console.error(`fsbridge: the example: the command above ended with ${status} (ERR_EXAMPLE)`);
    process.exit(1);
  }
  return stdout;
}

const fsbridge = (...args: string[]): string => run('fsbridge', process.execPath, [command], args);
const program = (name: string, ...args: string[]): string => run(name, name, [], args);

/** Mounts a volume, runs programs of Linux on it, and unmounts it. */
function mountAndUse(): void {
  fs.mkdirSync(path.join(folder, 'mnt'));
  fsbridge('mount', 'disk.img', 'mnt', '--volume', 'documents', '--rw');
  try {
    program('ls', '-l', 'mnt');
    program('cp', 'note.txt', 'mnt/letters/note.txt');
    program('df', '-h', 'mnt');
  } finally {
    fsbridge('umount', 'mnt');
  }
}

const kernel = spawnSync(process.execPath, [path.join(root, 'scripts', 'kernel.ts')], {
  stdio: 'inherit',
});
if (kernel.status !== 0) process.exit(kernel.status ?? 1);

const folder: string = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-start-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
console.log('Unpacking the sample disk ...');
await unpack(path.join(root, 'examples', 'sample-disk.img.zst'), path.join(folder, 'disk.img'));

console.log('\nWhat is on the disk?');
fsbridge('probe', 'disk.img');
console.log('\nList it and read a file. Nothing is written: read-only is the default.');
fsbridge('ls', 'disk.img', '/', '-l', '--volume', 'documents');
fsbridge('cat', 'disk.img', '/letters/Grüße an alle.txt', '--volume', 'documents');
fsbridge('ls', 'disk.img', '/', '-l', '--volume', 'snapshots');
console.log('\nWrite a file into the XFS partition ...');
const note = `Written on ${os.platform()}, without a driver and without a VM.\n`;
fs.writeFileSync(path.join(folder, 'note.txt'), note);
fsbridge('put', 'disk.img', 'note.txt', '/songs/note.txt', '--volume', 'media', '--rw');
console.log('\n... and see that it is there after a second mount.');
const read = fsbridge('cat', 'disk.img', '/songs/note.txt', '--volume', 'media');
if (read !== note) {
  console.error('fsbridge: the example: the file reads back differently (ERR_EXAMPLE)');
  process.exit(1);
}
if (fs.existsSync('/dev/fuse') && process.getuid?.() === 0) {
  console.log('\nMount it, for all programs. The host needs no driver for the disk.');
  mountAndUse();
  fsbridge('cat', 'disk.img', '/letters/note.txt', '--volume', 'documents');
} else {
  console.log('\nAs root on a Linux with /dev/fuse this would mount the disk as a directory too;');
  console.log('on Windows with WinFsp it is `fsbridge mount disk.img L: --volume documents`.');
}
console.log('\nThat was all. `bin/fsbridge --help` shows every other command.');

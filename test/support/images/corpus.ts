/**
 * The corpus of public test images (its README says where they are from), unpacked when asked for.
 *
 * Invariants:
 * 1. An image is unpacked once a machine and user, sparse, into a folder of the user's own below
 *    the temporary folder; it appears there by an atomic rename, so a half-unpacked one is never
 *    seen.
 * 2. The unpacked image is shared by all tests and read-only: a test that writes works on a copy.
 */

import { spawn } from 'node:child_process';
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';
import { FsBridgeError } from '../../../src/errors.ts';
import { mustRun, run } from '../run-program.ts';

export interface CorpusImage {
  /** Unique, and good as a file's name: 'e2fsprogs__f_lpf2'. */
  readonly name: string;
  /** The folder it is from: blkid, btrfs-progs, e2fsprogs, syzkaller. */
  readonly collection: string;
  /** Where the packed file is. */
  readonly packedPath: string;
}

/** The corpus' folder, next to the repository's; undefined where it is absent. */
export const corpusFolder: string | undefined = ((): string | undefined => {
  const folder = fileURLToPath(new URL('../../../../shared/corpus', import.meta.url));
  return existsSync(folder) ? folder : undefined;
})();

const PACKED = /\.(img|raw)(\.gz|\.xz)?$/;

/** Every image, in the order of names; undefined where the corpus is absent. */
export function listCorpus(): readonly CorpusImage[] | undefined {
  if (corpusFolder === undefined) return undefined;
  const images: CorpusImage[] = [];
  for (const collection of readdirSync(corpusFolder, { withFileTypes: true })) {
    if (!collection.isDirectory()) continue;
    const folder = join(corpusFolder, collection.name);
    for (const file of readdirSync(folder).filter((name) => PACKED.test(name))) {
      const name = `${collection.name}__${file.replace(PACKED, '')}`;
      images.push({ name, collection: collection.name, packedPath: join(folder, file) });
    }
  }
  return images.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** The cache's folder. In a shared /tmp it must be ours: anybody may have made one of that name. */
async function cacheFolder(): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const folder = join(tmpdir(), `fsbridge-corpus-${uid}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found = await lstat(folder);
  if (found.isDirectory() && (process.getuid === undefined || found.uid === uid)) return folder;
  const advice = 'Remove it, or set TMPDIR to a folder of your own.';
  throw new FsBridgeError('EPERM', folder, 'it belongs to somebody else', advice);
}

function unpackedStream(path: string): { bytes: Readable; ended: Promise<void> } {
  if (path.endsWith('.gz')) {
    const bytes = createGunzip();
    const packed = createReadStream(path);
    packed.on('error', (error) => bytes.destroy(error));
    return { bytes: packed.pipe(bytes), ended: Promise.resolve() };
  }
  if (!path.endsWith('.xz')) return { bytes: createReadStream(path), ended: Promise.resolve() };
  const child = spawn('xz', ['-dc', path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve();
      else reject(new FsBridgeError('ERR_PROGRAM_FAILED', path, `xz ended with status ${status}`));
    });
  });
  return { bytes: child.stdout, ended };
}

const zeroes = Buffer.alloc(64 * 1024);

/** Whether a chunk may become a hole. */
function isZero(chunk: Buffer): boolean {
  for (let at = 0; at < chunk.length; at += zeroes.length) {
    const end = Math.min(at + zeroes.length, chunk.length);
    if (chunk.compare(zeroes, 0, end - at, at, end) !== 0) return false;
  }
  return true;
}

async function unpackSparse(packed: string, target: string): Promise<void> {
  const file = await open(target, 'wx', 0o600);
  try {
    // Not before: a child that ends unread takes its output with it.
    const { bytes, ended } = unpackedStream(packed);
    let offsetBytes = 0;
    const write = async (): Promise<void> => {
      for await (const chunk of bytes as AsyncIterable<Buffer>) {
        if (!isZero(chunk)) await file.write(chunk, 0, chunk.length, offsetBytes);
        offsetBytes += chunk.length;
      }
    };
    await Promise.all([write(), ended]);
    await file.truncate(offsetBytes);
  } finally {
    await file.close();
  }
}

/** btrfs-image's header, little-endian (btrfs-progs image/metadump.h, HEADER_MAGIC). */
const METADUMP_MAGIC = 0xbd5c25e27295668bn;

/**
 * btrfs-progs keeps some images as dumps of their metadata alone: those are no file systems yet.
 */
async function restoreMetadump(image: string): Promise<void> {
  const file = await open(image, 'r');
  const head = Buffer.alloc(8);
  const { bytesRead } = await file.read(head, 0, 8, 0);
  await file.close();
  if (bytesRead < 8 || head.readBigUInt64LE(0) !== METADUMP_MAGIC) return;
  const restored = `${image}.restored`;
  await mustRun(['btrfs-image', '-r', image, restored]);
  await rename(restored, image);
}

function isFresh(target: string, packed: string): boolean {
  const found = statSync(target, { throwIfNoEntry: false });
  return found !== undefined && found.mtimeMs >= statSync(packed).mtimeMs;
}

/** The path of the unpacked image; read-only, shared, and kept for the next run. */
export async function corpusImage(image: CorpusImage): Promise<string> {
  const cache = await cacheFolder();
  const target = join(cache, `${image.name}.img`);
  if (isFresh(target, image.packedPath)) return target;
  const scratch = await mkdtemp(join(cache, '.unpacking-'));
  try {
    const fresh = join(scratch, 'image');
    await unpackSparse(image.packedPath, fresh);
    await restoreMetadump(fresh);
    await chmod(fresh, 0o444);
    await rename(fresh, target);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return target;
}

/** blkid's names of types that Linux names otherwise; only file systems have a type here. */
const kernelTypes: Readonly<Record<string, string>> = { ntfs: 'ntfs3' };

/**
 * What `blkid -p` takes an unpacked image for, as the kernel's type; undefined where it is unsure.
 */
async function probe(path: string): Promise<string | undefined> {
  // Status 2: nothing found; 8: more than one thing found (blkid(8)).
  const argv = [
    'blkid',
    '-p',
    '--usages',
    'filesystem',
    '--output',
    'value',
    '--match-tag',
    'TYPE',
  ];
  const result = await run([...argv, path]);
  const said = result.stdout.toString('utf8').trim();
  return result.status === 0 && said !== '' ? (kernelTypes[said] ?? said) : undefined;
}

/** What the name says: syzkaller's is TYPE_NUMBER, the others are of one family. */
function typeByName(image: CorpusImage): string | undefined {
  if (image.collection === 'btrfs-progs') return 'btrfs';
  if (image.collection === 'e2fsprogs') return 'ext4';
  if (image.collection !== 'syzkaller') return undefined;
  return /^syzkaller__([a-z0-9]+?)_\d+$/.exec(image.name)?.[1];
}

/**
 * The kernel's types that are worth trying on an image, the likeliest first. Damage may hide the
 * type from blkid, so what the image's name says comes after; ext4 mounts ext2 and ext3 as well.
 */
export async function corpusTypes(image: CorpusImage): Promise<readonly string[]> {
  const path = await corpusImage(image);
  if ((await stat(path)).size === 0) return [];
  const types = [await probe(path), typeByName(image)].filter((type) => type !== undefined);
  if (types.some((type) => /^ext[23]$/.test(type))) types.push('ext4');
  return [...new Set(types)];
}

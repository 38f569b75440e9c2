/**
 * Names are UTF-8 on every file system whose driver converts them: what is written here is read by
 * other programs as the same name, and the other way round.
 */
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect } from 'vitest';
import { MemoryDevice } from '../../../src/block/memory-device.ts';
import { volumeFs } from '../../../src/node-fs/volume-fs.ts';
import { Kernel } from '../../../src/vfs-linux/kernel.ts';
import { cannotMount } from '../../support/kernel-volume.ts';
import { describeUnless, notInstalled, testUnless } from '../../support/needs.ts';

/** The last but one has 85 characters of three bytes; 😀 is two units of UTF-16. */
const bmpNames = ['é', 'Grüße', 'Ελλάδα', 'н'.repeat(120), '日'.repeat(85)].toSorted();
const names = [...bmpNames, '本'.repeat(255), '😀 smile.txt'].toSorted();

let kernel: Kernel;
let folder: string;

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, {
    cwd: folder,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    stdio: 'pipe',
    encoding: 'utf8',
  });

async function makeImage(megabytes: number, program: string, ...args: string[]): Promise<string> {
  const image = path.join(folder, 'image');
  await writeFile(image, '');
  await truncate(image, megabytes * 1048576);
  run(program, ...args, image);
  return image;
}

/** Writes a file of each name into the image. */
async function fill(image: string, type: string, given: readonly string[]): Promise<void> {
  const bytes = await readFile(image);
  const disk = await kernel.attach(new MemoryDevice(bytes));
  const volume = await kernel.mount({ device: disk.name, types: [type], readOnly: false });
  const fs = volumeFs(volume);
  for (const name of given) await fs.writeFile(`/${name}`, name);
  await volume.close();
  await writeFile(image, bytes);
}

/** The names in the image, after each file was opened by its name. */
async function list(image: string, type: string, options?: string): Promise<string[]> {
  const disk = await kernel.attach(new MemoryDevice(await readFile(image)));
  await using volume = await kernel.mount({
    device: disk.name,
    types: [type],
    options: options ?? '',
  });
  const fs = volumeFs(volume);
  const found = await fs.readdir('/', 'buffer');
  for (const name of found) await fs.stat(Buffer.concat([Buffer.from('/'), name]));
  const encoding = options === undefined ? 'utf8' : 'latin1';
  return found.map((name) => name.toString(encoding)).toSorted();
}

const entryBytes = 32;
const unitsOf = (entry: Buffer, ...ranges: readonly (readonly [number, number])[]): Buffer =>
  Buffer.concat(ranges.map(([from, to]) => entry.subarray(from, to)));

/** The long names in a FAT image's directories, as Microsoft's specification lays them out. */
async function fatNames(image: string): Promise<string[]> {
  const bytes = await readFile(image);
  const found: string[] = [];
  let units: Buffer = Buffer.alloc(0);
  for (let at = 0; at < bytes.length; at += entryBytes) {
    const entry = bytes.subarray(at, at + entryBytes);
    if (entry[11] !== 0x0f || entry[12] !== 0 || entry.readUInt16LE(26) !== 0) continue;
    const order = entry.readUInt8(0);
    const part = unitsOf(entry, [1, 11], [14, 26], [28, 32]);
    units = (order & 0x40) === 0 ? Buffer.concat([part, units]) : part;
    if ((order & 0x3f) === 1) found.push(units.toString('utf16le').replace(/\0.*$/s, ''));
  }
  return found.toSorted();
}

/** The names in an exFAT image's directories: 0xC0 has the length, each 0xC1 15 units. */
async function exfatNames(image: string): Promise<string[]> {
  const bytes = await readFile(image);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += entryBytes) {
    if (bytes[at] !== 0xc0 || bytes[at + entryBytes] !== 0xc1) continue;
    const length = bytes.readUInt8(at + 3);
    const parts: Buffer[] = [];
    for (let part = at + entryBytes; bytes[part] === 0xc1; part += entryBytes) {
      parts.push(bytes.subarray(part + 2, part + entryBytes));
    }
    found.push(Buffer.concat(parts).toString('utf16le').slice(0, length));
  }
  return found.toSorted();
}

const ntfsNames = (image: string): string[] =>
  run('ntfsls', '-F', image).split('\n').filter(Boolean).toSorted();

const makeFat = (): Promise<string> => makeImage(16, 'mkfs.vfat');
const makeNtfs = (): Promise<string> => makeImage(32, 'mkfs.ntfs', '-F', '-Q', '-q');

/** Makes files whose content does not matter, for a program that packs or copies them. */
async function sources(given: readonly string[]): Promise<string> {
  const source = await mkdtemp(path.join(folder, 'source-'));
  for (const name of given) await writeFile(path.join(source, name), 'content');
  return source;
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'fsbridge-names-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describeUnless(cannotMount())('names beyond ASCII', () => {
  beforeAll(async () => {
    kernel = await Kernel.boot();
  });
  afterAll(async () => {
    await kernel.close();
  });

  testUnless(notInstalled('mkfs.vfat'))('are UTF-16 on FAT', async () => {
    const image = await makeFat();
    await fill(image, 'vfat', names);
    expect(await fatNames(image)).toEqual(names);
    expect(await list(image, 'vfat')).toEqual(names);
  });

  testUnless(notInstalled('mkfs.vfat', 'mcopy'))('are on FAT what mtools reads', async () => {
    const image = await makeFat();
    await fill(image, 'vfat', bmpNames);
    const found = run('mdir', '-b', '-i', image, '::/').split('\n').filter(Boolean);
    expect(found.map((name) => name.replace('::/', '')).toSorted()).toEqual(bmpNames);
  });

  testUnless(notInstalled('mkfs.vfat', 'mcopy'))('are on FAT what mtools wrote', async () => {
    const image = await makeFat();
    const source = await sources(bmpNames);
    run('mcopy', '-i', image, ...bmpNames.map((name) => path.join(source, name)), '::/');
    expect(await list(image, 'vfat')).toEqual(bmpNames);
  });

  testUnless(notInstalled('mkfs.vfat'))('follow a charset that the options name', async () => {
    const image = await makeFat();
    await fill(image, 'vfat', ['Grüße']);
    expect(await list(image, 'vfat', 'iocharset=iso8859-1')).toEqual(['Grüße']);
    expect(await list(image, 'vfat', 'utf8=0')).toEqual(['Grüße']);
  });

  testUnless(notInstalled('mkfs.vfat'))('on FAT leave A and a one file', async () => {
    const image = await makeFat();
    await fill(image, 'vfat', ['File', 'FILE', 'Grün.TXT', 'gRün.txt']);
    expect(await list(image, 'vfat')).toEqual(['File', 'Grün.TXT']);
  });

  testUnless(notInstalled('mkfs.exfat'))('are UTF-16 on exFAT', async () => {
    const image = await makeImage(16, 'mkfs.exfat');
    await fill(image, 'exfat', names);
    expect(await exfatNames(image)).toEqual(names);
    expect(await list(image, 'exfat')).toEqual(names);
  });

  testUnless(notInstalled('mkfs.ntfs', 'ntfsls'))('are on NTFS what ntfsls reads', async () => {
    const image = await makeNtfs();
    await fill(image, 'ntfs3', names);
    expect(ntfsNames(image)).toEqual(names);
    expect(await list(image, 'ntfs3')).toEqual(expect.arrayContaining(names));
  });

  testUnless(notInstalled('mkfs.ntfs', 'ntfscp'))('are on NTFS what ntfscp wrote', async () => {
    const image = await makeNtfs();
    const content = path.join(await sources(['content']), 'content');
    for (const name of names) run('ntfscp', image, content, name);
    expect(await list(image, 'ntfs3')).toEqual(expect.arrayContaining(names));
  });

  testUnless(notInstalled('genisoimage'))('are in Joliet what genisoimage wrote', async () => {
    const short = [...bmpNames.filter((name) => name.length <= 85)];
    const source = await sources(short);
    const image = path.join(folder, 'image');
    const options = ['-quiet', '-J', '-joliet-long', '-input-charset', 'utf8'];
    run('genisoimage', ...options, '-o', image, source);
    expect(await list(image, 'iso9660')).toEqual(short);
  });

  testUnless(notInstalled('mkfs.jfs'))('are the bytes of UTF-8 on JFS', async () => {
    const image = await makeImage(16, 'mkfs.jfs', '-q');
    await fill(image, 'jfs', bmpNames);
    expect(await list(image, 'jfs')).toEqual(bmpNames);
  });
});

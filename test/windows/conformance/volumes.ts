/**
 * The volumes of the suite: a fresh image by the real mkfs, a kernel, the engine, a transport, and
 * the driver's model on top.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openFileSource } from '../../../src/block/file/file-source.ts';
import type { EngineOptions } from '../../../src/fsbridge/options.ts';
import { type VolumeFs, volumeFs } from '../../../src/node-fs/volume-fs.ts';
import { traitsOf } from '../../../src/vfs-linux/file-system-traits.ts';
import { Kernel } from '../../../src/vfs-linux/kernel.ts';
import type { Volume } from '../../../src/vfs-linux/volume.ts';
import { FaultyDisk } from '../../support/disks/faulty-disk.ts';
import { fsckVerdict } from '../../support/images/fsck.ts';
import { Random, testSeed } from '../../support/random.ts';
import type { FsType, VolumeKind } from './case.ts';
import type { OpenTransport, TransportFactory } from './dispatcher-transport.ts';
import { Driver } from './driver/driver.ts';
import { Program } from './driver/program.ts';
import { mountingUser } from './driver/token.ts';

const mib = 1048576;
const discardMaxMs = 2000;
const shortDeadlineMs = 2500;

interface ImageRecipe {
  readonly command: readonly [string, ...string[]];
  readonly sizeBytes: number;
  /** The size of the kind "small": ext4 can be tiny, XFS begins at 300 MiB. */
  readonly smallBytes: number;
  readonly checker: string;
}

const recipes: Readonly<Record<FsType, ImageRecipe>> = {
  ext4: {
    command: ['mkfs.ext4', '-q', '-F', '-b', '4096'],
    sizeBytes: 512 * mib,
    smallBytes: 16 * mib,
    checker: 'e2fsck(8)',
  },
  xfs: {
    command: ['mkfs.xfs', '-q', '-f'],
    sizeBytes: 512 * mib,
    smallBytes: 300 * mib,
    checker: 'xfs_repair(8)',
  },
  vfat: {
    command: ['mkfs.fat', '-F', '32'],
    sizeBytes: 64 * mib,
    smallBytes: 64 * mib,
    checker: 'fsck.fat(8)',
  },
  exfat: {
    command: ['mkfs.exfat'],
    sizeBytes: 64 * mib,
    smallBytes: 64 * mib,
    checker: 'fsck.exfat(8)',
  },
  ntfs3: {
    command: ['mkfs.ntfs', '-Q', '-F', '-q'],
    sizeBytes: 64 * mib,
    smallBytes: 64 * mib,
    checker: 'ntfsfix(8)',
  },
};

/** The program that judges the image of a volume. */
export function checkerOf(type: FsType): string {
  return recipes[type].checker;
}

const usual: EngineOptions = { mountingUserSid: mountingUser.user };

const engineOptions: Readonly<Record<VolumeKind, EngineOptions>> = {
  usual,
  insensitive: { ...usual, caseSensitive: false },
  enforce: { ...usual, permissions: 'enforce' },
  ignore: { ...usual, permissions: 'ignore' },
  small: usual,
  'read-only': { ...usual, readOnly: true },
  'faulty disk': usual,
  'short deadline': usual,
  dying: usual,
};

/** Why the suite cannot run here; undefined where it can. */
export function cannotRun(type: FsType): string | undefined {
  const [program] = recipes[type].command;
  const isMissing = spawnSync(program, ['-V']).error !== undefined;
  return isMissing ? `${program} is not installed here` : undefined;
}

export interface OpenVolumeOptions {
  readonly kind: VolumeKind;
  readonly type: FsType;
  readonly factory: TransportFactory;
  /** Prepares the disk before it is mounted for Windows. */
  readonly prepare?: (linux: VolumeFs) => Promise<void>;
}

/** A volume under test. Exactly one of `close` and `discard` ends it. */
export class OpenVolume {
  readonly kind: VolumeKind;
  readonly type: FsType;
  readonly image: string;
  readonly kernel: Kernel;
  readonly disk: FaultyDisk;
  readonly volume: Volume;
  readonly linux: VolumeFs;
  readonly driver: Driver;
  readonly win: Program;
  #transport: OpenTransport;
  #isUnmounted = false;

  constructor(image: string, options: OpenVolumeOptions, parts: VolumeParts) {
    this.kind = options.kind;
    this.type = options.type;
    this.image = image;
    this.kernel = parts.kernel;
    this.disk = parts.disk;
    this.volume = parts.volume;
    this.linux = parts.linux;
    this.driver = parts.driver;
    this.win = new Program(parts.driver);
    this.#transport = parts.transport;
  }

  openFiles(): number {
    return this.#transport.openFiles();
  }

  /** Unmounts, and leaves the image for others to look at. `discard` removes it then. */
  async unmount(): Promise<void> {
    this.#isUnmounted = true;
    if (this.kernel.failure === undefined) {
      await this.driver.settle();
      await this.#transport.close();
      await this.volume.close();
    }
    await this.kernel.close();
  }

  /** Unmounts and removes the image. Answers what the checker found wrong, if anything. */
  async close(): Promise<string | undefined> {
    try {
      await this.unmount();
      if (this.kind === 'dying') return undefined;
      const verdict = await fsckVerdict(this.image, this.type);
      return verdict.clean ? undefined : verdict.output;
    } finally {
      this.#remove();
    }
  }

  /** Gives the volume up, whatever state it is in. What hangs inside is not waited for. */
  async discard(): Promise<void> {
    if (!this.#isUnmounted) {
      const end = new AbortController();
      const late = wait(discardMaxMs, undefined, { signal: end.signal });
      await Promise.race([this.kernel.close(), late]).catch(() => {});
      late.catch(() => {});
      end.abort();
    }
    this.#remove();
  }

  #remove(): void {
    fs.rmSync(path.dirname(this.image), { recursive: true, force: true });
  }
}

interface VolumeParts {
  readonly kernel: Kernel;
  readonly disk: FaultyDisk;
  readonly volume: Volume;
  readonly linux: VolumeFs;
  readonly driver: Driver;
  readonly transport: OpenTransport;
}

/** Makes an image in a folder of its own. */
function makeImage({ type, kind }: OpenVolumeOptions): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-conformance-'));
  const image = path.join(folder, 'image');
  const { command, sizeBytes, smallBytes } = recipes[type];
  fs.closeSync(fs.openSync(image, 'w'));
  fs.truncateSync(image, kind === 'small' ? smallBytes : sizeBytes);
  const [program, ...args] = command;
  execFileSync(program, [...args, image], { stdio: 'pipe' });
  return image;
}

/** Makes an image, boots a kernel and mounts. */
export async function openVolume(options: OpenVolumeOptions): Promise<OpenVolume> {
  const kernel = await Kernel.boot();
  const image = makeImage(options);
  try {
    return new OpenVolume(image, options, await mountImage(kernel, image, options));
  } catch (error) {
    await kernel.close().catch(() => {});
    fs.rmSync(path.dirname(image), { recursive: true, force: true });
    throw error;
  }
}

async function mountImage(
  kernel: Kernel,
  image: string,
  { kind, type, factory, prepare }: OpenVolumeOptions,
): Promise<VolumeParts> {
  const disk = new FaultyDisk(await openFileSource(image, { write: true }));
  const { name } = await kernel.attach(disk);
  const volume = await kernel.mount({ device: name, types: [type], readOnly: false });
  const linux = volumeFs(volume);
  // The mounting user may make files in the root, as on a disk of one's own.
  if (traitsOf(type).owners) await linux.chown('/', 1000, 1000);
  await prepare?.(linux);
  const host = Driver.host();
  const deadlineMs = kind === 'short deadline' ? shortDeadlineMs : undefined;
  const transport = await factory(volume, engineOptions[kind], host, deadlineMs);
  const random = new Random(testSeed());
  const driver = new Driver(transport.transport, host, random, transport.parameters);
  return { kernel, disk, volume, linux, driver, transport };
}

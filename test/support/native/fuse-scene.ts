/**
 * A mounted image for tests: through fsbridge's FUSE mount, this machine's own kernel, or fuse2fs.
 *
 * Invariants:
 * 1. fsbridge is run as a user runs it, by its command, in the foreground: the child is the daemon.
 * 2. MOUNTER=native (or fuse2fs) runs the same test on another mount, to see whether the test or
 *    the mount is wrong.
 * 3. Mount, daemon and loop device are gone afterwards, also after a failure.
 */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, open, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { FsBridgeError } from '../../../src/errors.ts';
import { startCommand } from '../cli/command.ts';
import { fsckVerdict } from '../images/fsck.ts';
import { mustRun, run } from '../run-program.ts';

export type FuseType = 'ext4' | 'xfs' | 'btrfs';
export type Mounter = 'fsbridge' | 'native' | 'fuse2fs';

const wantedTypes = new RegExp(process.env['FS'] ?? '');
/** The file systems to test; FS=regex takes some of them. */
export const fuseTypes: readonly FuseType[] = (['ext4', 'xfs', 'btrfs'] as const).filter((type) =>
  wantedTypes.test(type),
);

/** The mount to test. */
export const mounter: Mounter = (process.env['MOUNTER'] ?? 'fsbridge') as Mounter;

/** Multiplies the work of the random tests; 1 fits into the time of a test run. */
export const soak: number = Number(process.env['SOAK'] ?? 1);

const canMount: boolean =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  readFileSync('/proc/filesystems', 'utf8').includes('\tfuse\n');

/** Why nothing can be mounted through FUSE here; undefined where it can. */
export const noFuse: string | undefined = canMount ? undefined : 'it needs root and FUSE';
/** Why a test of fsbridge's own mount does not run; undefined where it does. */
export const otherMounter: string | undefined =
  mounter === 'fsbridge' ? undefined : `MOUNTER is ${mounter}`;

/** Whether the host has a program. */
export function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

const mkfs: Readonly<Record<FuseType, readonly string[]>> = {
  ext4: ['mkfs.ext4', '-q', '-F', '-b', '4096'],
  xfs: ['mkfs.xfs', '-q', '-f'],
  btrfs: ['mkfs.btrfs', '-q', '-f'],
};

const mib = 1024 * 1024;

/** Makes an empty, sparse image. */
export async function emptyImage(file: string, type: FuseType, sizeMib = 640): Promise<string> {
  await (await open(file, 'w')).close();
  await truncate(file, sizeMib * mib);
  await mustRun([...mkfs[type], file]);
  return file;
}

export interface Mounted {
  readonly folder: string;
  /** The daemon; none for the native mount. */
  readonly pid: number | undefined;
  /** The daemon's output on standard error so far. */
  errors(): string;
  /** Unmounts, and waits for the daemon's end; throws where the daemon fails. */
  unmount(): Promise<void>;
  /** Kills the daemon (kill -9), and takes the dead mount away. */
  kill(): Promise<void>;
}

const mountTimeoutMs = 30_000;
const unmountTimeoutMs = 120_000;

function isMounted(folder: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[4] === folder);
}

class DaemonMount implements Mounted {
  readonly folder: string;
  readonly pid: number | undefined;
  #ended: Promise<number>;
  #errors = '';

  constructor(folder: string, child: ChildProcess) {
    this.folder = folder;
    this.pid = child.pid;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => {
        this.#errors += data.toString();
      });
    }
    this.#ended = new Promise((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  }

  errors(): string {
    return this.#errors;
  }

  /** Waits until the volume is mounted. */
  async ready(): Promise<void> {
    let code: number | undefined;
    void this.#ended.then((value) => {
      code = value;
    });
    for (let waitedMs = 0; !isMounted(this.folder); waitedMs += 10) {
      if (code !== undefined || waitedMs > mountTimeoutMs) {
        throw new FsBridgeError('ERR_MOUNT', this.folder, `no mount (${code}): ${this.#errors}`);
      }
      await sleep(10);
    }
  }

  async unmount(): Promise<void> {
    // A scanner of the machine may have the mount open for a moment.
    for (let attempt = 0; ; attempt++) {
      if ((await run(['umount', this.folder])).status === 0) break;
      if (attempt === 20) throw new Error(`${this.folder} stays busy`);
      await sleep(100);
    }
    const late = sleep(unmountTimeoutMs, undefined, { ref: false });
    const code = await Promise.race([this.#ended, late]);
    if (code !== 0) throw new Error(`the mount's process ended with ${code}: ${this.#errors}`);
  }

  async kill(): Promise<void> {
    if (this.pid !== undefined) process.kill(this.pid, 'SIGKILL');
    await this.#ended;
    await run(['umount', '--lazy', this.folder]);
  }
}

async function mountNative(image: string, type: FuseType, folder: string): Promise<Mounted> {
  const options = type === 'xfs' ? 'loop,nouuid' : 'loop';
  await mustRun(['mount', '-t', type, '-o', options, image, folder]);
  const end = async (): Promise<void> => {
    for (let attempt = 0; (await run(['umount', folder])).status !== 0; attempt++) {
      if (attempt === 20) await mustRun(['umount', '--lazy', folder]);
      await sleep(100);
    }
    if (type === 'btrfs') await run(['btrfs', 'device', 'scan', '--forget']);
  };
  return { folder, pid: undefined, errors: () => '', unmount: end, kill: end };
}

async function mountDaemon(child: ChildProcess, folder: string): Promise<Mounted> {
  const mount = new DaemonMount(folder, child);
  await mount.ready();
  return mount;
}

export interface MountChoice {
  /** The host gathers what is written. */
  readonly writeback?: boolean;
  /** Reading changes the time of access, as on a native mount. */
  readonly relatime?: boolean;
}

/**
 * Mounts an image for writing, with devices and set-user-id programs; the choice is fsbridge's.
 */
export async function mountImage(
  image: string,
  type: FuseType,
  folder: string,
  how: Mounter = mounter,
  { writeback = false, relatime = false }: MountChoice = {},
): Promise<Mounted> {
  await mkdir(folder, { recursive: true });
  if (how === 'native') return mountNative(image, type, folder);
  if (how === 'fuse2fs') {
    const { spawn } = await import('node:child_process');
    const options = 'allow_other,default_permissions,fakeroot,dev,suid';
    return mountDaemon(spawn('fuse2fs', ['-f', '-o', options, image, folder]), folder);
  }
  const hostOptions = `dev,suid${writeback ? ',writeback' : ''}`;
  const argv = ['mount', image, folder, '--rw', '--foreground', '--host-options', hostOptions];
  return mountDaemon(
    startCommand([...argv, ...(relatime ? ['--options', 'relatime'] : [])]),
    folder,
  );
}

/** The scene of one test: a folder for images and the like, and a fresh image mounted. */
export interface Scene {
  readonly scratch: string;
  readonly image: string;
  readonly mount: Mounted;
  /** The folder of the mount. */
  readonly at: string;
}

/**
 * Makes an image, mounts it, lets `use` work on it, unmounts, and has the file system's own checker
 * check what is left.
 */
export async function onMount(
  type: FuseType,
  use: (scene: Scene) => Promise<void>,
  options: MountChoice & { readonly sizeMib?: number } = {},
): Promise<void> {
  await withScratch(async (scratch) => {
    const image = await emptyImage(join(scratch, 'image'), type, options.sizeMib);
    const folder = join(scratch, 'mount');
    const mount = await mountImage(image, type, folder, mounter, options);
    try {
      await use({ scratch, image, mount, at: mount.folder });
    } catch (error) {
      await mount.unmount().catch(() => mount.kill());
      throw new Error(`${error instanceof Error ? error.message : error}\n${mount.errors()}`, {
        cause: error,
      });
    }
    await mount.unmount();
    await expectClean(image, type);
  });
}

/** Fails unless the checker finds nothing. */
export async function expectClean(image: string, type: FuseType): Promise<void> {
  const verdict = await fsckVerdict(image, type);
  expect(verdict.clean, verdict.output).toBe(true);
}

/** Makes a temporary folder for `use`, and removes it afterwards. */
export async function withScratch<T>(use: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), 'fsbridge-fuse-'));
  try {
    return await use(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

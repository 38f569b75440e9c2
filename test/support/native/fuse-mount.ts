/**
 * An image of a fresh file system, mounted through FUSE by the real command in a process of its
 * own, for tests that use it with blocking system calls.
 *
 * Invariants:
 * 1. `cannotMount` gives the reason for describeUnless: not root, no /dev/fuse, or no mkfs.
 * 2. After `end` the mount is gone and the command has ended; `dispose` removes what is left, also
 *    after a failure.
 */
import { type ChildProcess, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { startCommand } from '../cli/command.ts';
import { mustRun, run } from '../run-program.ts';

export type FuseTestType = 'ext4' | 'xfs' | 'btrfs';

export const fuseTestTypes: readonly FuseTestType[] = ['ext4', 'xfs', 'btrfs'];

const recipes: Readonly<Record<FuseTestType, { mkfs: readonly string[]; sizeBytes: number }>> = {
  ext4: { mkfs: ['mkfs.ext4', '-q', '-F'], sizeBytes: 256 * 1048576 },
  xfs: { mkfs: ['mkfs.xfs', '-q', '-f'], sizeBytes: 320 * 1048576 },
  btrfs: { mkfs: ['mkfs.btrfs', '-q', '-f'], sizeBytes: 256 * 1048576 },
};

const startsWithinMs = 30_000;
const endsWithinMs = 60_000;

/** The reason why nothing can be mounted here; undefined where it can. */
export function cannotMount(type: FuseTestType): string | undefined {
  if (process.getuid?.() !== 0) return 'mounting needs root';
  if (!fs.existsSync('/dev/fuse')) return 'there is no /dev/fuse';
  const [tool] = recipes[type].mkfs;
  if (spawnSync(tool as string, ['-V'], { stdio: 'ignore' }).error) return `there is no ${tool}`;
  return undefined;
}

function isMounted(dir: string): boolean {
  return fs.readFileSync('/proc/self/mountinfo', 'latin1').includes(` ${dir} `);
}

async function until(condition: () => boolean, withinMs: number, what: string): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await setTimeout(20);
  }
}

export class FuseMounted implements AsyncDisposable {
  readonly type: FuseTestType;
  readonly folder: string;
  readonly image: string;
  /** The mount point. */
  readonly dir: string;
  #command: ChildProcess | undefined;
  #ended = false;
  #output = '';

  private constructor(type: FuseTestType) {
    this.type = type;
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-fuse-'));
    this.image = path.join(this.folder, 'image');
    this.dir = path.join(this.folder, 'mnt');
    // Tests act as other users too.
    fs.chmodSync(this.folder, 0o711);
  }

  /** Makes an image and mounts it for writing. */
  static async start(
    type: FuseTestType,
    options: readonly string[] = ['--rw'],
  ): Promise<FuseMounted> {
    const mounted = new FuseMounted(type);
    const { mkfs, sizeBytes } = recipes[type];
    fs.writeFileSync(mounted.image, '');
    fs.truncateSync(mounted.image, sizeBytes);
    fs.mkdirSync(mounted.dir);
    await mustRun([...mkfs, mounted.image]);
    await mounted.mount(options);
    return mounted;
  }

  /** Mounts the image, for the first time or again. */
  async mount(options: readonly string[] = ['--rw']): Promise<void> {
    const args = ['mount', this.image, this.dir, '--foreground', ...options];
    const command = startCommand(args);
    this.#command = command;
    this.#ended = false;
    const note = (data: Buffer): void => {
      this.#output += data.toString();
    };
    command.stdout?.on('data', note);
    command.stderr?.on('data', note);
    command.on('close', () => {
      this.#ended = true;
    });
    await until(() => isMounted(this.dir) || this.#ended, startsWithinMs, 'the mount');
    if (this.#ended) throw new Error(`the mount's command ended:\n${this.#output}`);
  }

  /** The process that serves the mount. */
  get pid(): number {
    return this.#command?.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  get isMounted(): boolean {
    return isMounted(this.dir);
  }

  /** A path on the mount. */
  at(...names: readonly string[]): string {
    return path.join(this.dir, ...names);
  }

  /** Waits for the command's end. */
  async ended(): Promise<void> {
    await until(() => this.#ended, endsWithinMs, 'the end of the command');
  }

  /** Unmounts with umount(8), and waits until the disk is written. */
  async unmount(): Promise<void> {
    await mustRun(['umount', this.dir]);
    await this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isMounted) await run(['umount', '-l', this.dir]);
    if (!this.#ended) this.#command?.kill('SIGKILL');
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

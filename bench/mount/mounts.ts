/**
 * The ways to mount one image, each by the command that a user would type: the host's own kernel on
 * a loop device, `fsbridge mount`, and fuse2fs. Ordinary programs then use the mounts.
 *
 * Every step is synchronous, so that it can be undone at Ctrl-C; the mounts are other processes.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { atEnd, run } from '../cleanup.ts';
import { dropHostCaches } from '../host-cache.ts';
import type { FsType } from '../image.ts';

export type MountName = 'native' | 'fsbridge' | 'fuse2fs';

const command: string = path.resolve(import.meta.dirname, '../../bin/fsbridge');
const searchPath = `${path.dirname(process.execPath)}${path.delimiter}${process.env['PATH']}`;
const endTimeoutMs = 60_000;

/** Whether the host has a program. */
export function hasProgram(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => fs.existsSync(path.join(folder, program)));
}

/** fsbridge's command, with the Node that runs this. */
function fsbridge(...args: string[]): void {
  execFileSync(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: searchPath },
  });
}

const mountBy: Record<MountName, (image: string, folder: string) => void> = {
  native: (image, folder) => run('mount', '-o', 'loop,noatime', image, folder),
  fsbridge: (image, folder) => fsbridge('mount', image, folder, '--rw'),
  fuse2fs: (image, folder) =>
    run('fuse2fs', '-o', 'allow_other,default_permissions', image, folder),
};

/** The process that has the image's path among its arguments and is not this one. */
function processOf(image: string): number | undefined {
  for (const name of fs.readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      const argv = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (argv.includes(image)) return pid;
    } catch {
      // The process has ended meanwhile.
    }
  }
  return undefined;
}

export class Mount {
  readonly name: MountName;
  readonly folder: string;
  readonly image: string;
  #end: (() => void) | undefined;

  constructor(name: MountName, image: string, folder: string) {
    this.name = name;
    this.image = image;
    this.folder = folder;
    fs.mkdirSync(folder, { recursive: true });
  }

  /** Mounts. Throws an error with the command's output if it fails. */
  mount(): void {
    mountBy[this.name](this.image, this.folder);
    this.#end = atEnd(() => this.#unmountNow());
  }

  /** Returns when all data is written and no process has the image open. */
  unmount(): void {
    this.#end?.();
    this.#end = undefined;
  }

  #unmountNow(): void {
    const pid = this.name === 'native' ? undefined : processOf(this.image);
    try {
      run('umount', this.folder);
    } catch {
      // Another program of this machine may have a file open: try once more, then detach lazily.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      try {
        run('umount', this.folder);
      } catch {
        run('umount', '-l', this.folder);
      }
    }
    const stopMs = performance.now() + endTimeoutMs;
    while (pid !== undefined && fs.existsSync(`/proc/${pid}`) && performance.now() < stopMs) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }

  /** A fresh mount. Neither the host nor the daemon has anything cached. */
  makeCold(): void {
    this.unmount();
    dropHostCaches();
    this.mount();
  }

  /** Writes out dirty data, so that the next round does not pay for it. */
  settle(): void {
    run('sync', '-f', this.folder);
  }

  /**
   * The resident memory (VmRSS) of the mount's process; undefined for the native kernel's mount.
   */
  residentBytes(): number | undefined {
    const pid = this.name === 'native' ? undefined : processOf(this.image);
    if (pid === undefined) return undefined;
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    const kib = /^VmRSS:\s*(\d+) kB/m.exec(status)?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  }
}

/** The mounts that this host can make of a file system. */
export function mountNames(type: FsType): readonly MountName[] {
  const names: MountName[] = ['native', 'fsbridge'];
  if (type === 'ext4' && hasProgram('fuse2fs')) names.push('fuse2fs');
  return names;
}

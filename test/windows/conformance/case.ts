/**
 * What a case of the suite is, and what it gets to work with.
 *
 * A case has a directory of its own on a volume that others use too, and a Linux side that goes
 * past the engine. What the Linux side prepares, it prepares before Windows has looked: whoever
 * mounts a volume is the only one to change it.
 */
import assert from 'node:assert/strict';
import type { VolumeFs } from '../../../src/node-fs/volume-fs.ts';
import type { LinuxCalls } from '../../../src/vfs-linux/calls.ts';
import type { Kernel } from '../../../src/vfs-linux/kernel.ts';
import type { FaultyDisk } from '../../support/disks/faulty-disk.ts';
import type { Driver } from './driver/driver.ts';
import { statusName } from './driver/nt.ts';
import type { Program } from './driver/program.ts';

export type FsType = 'ext4' | 'xfs' | 'vfat' | 'exfat' | 'ntfs3';
/** File systems with all that Linux has: every case runs on them unless it says otherwise. */
export const fullTypes: readonly FsType[] = ['ext4', 'xfs'];

/** Which volume a case runs on; volumes.ts says how each is made. */
export type VolumeKind =
  | 'usual'
  | 'insensitive'
  | 'enforce'
  | 'ignore'
  | 'small'
  | 'read-only'
  | 'faulty disk'
  | 'short deadline'
  | 'dying';

export interface Scene {
  /** Of the case, as Windows calls it: "\017". */
  readonly dir: string;
  /** The same for Linux: "/017". */
  readonly linuxDir: string;
  readonly type: FsType;
  readonly driver: Driver;
  /** The mounting user's program. */
  readonly win: Program;
  readonly linux: VolumeFs;
  readonly calls: LinuxCalls;
  readonly kernel: Kernel;
  readonly disk: FaultyDisk;
  /** A name in the case's directory. */
  path(name: string): string;
  linuxPath(name: string): string;
}

export interface Case {
  /** A sentence, unlike that of any other case. */
  readonly name: string;
  /** Where it is written: a section of MS-FSA or MS-FSCC, a page of Windows' documentation, … */
  readonly rule: string;
  /** Default: 'usual'. */
  readonly on?: VolumeKind;
  /** Default: fullTypes. */
  readonly types?: readonly FsType[];
  run(scene: Scene): Promise<void>;
}

/** Statuses are compared by name, so that a failure can be read. */
export function expectStatus(actual: number, expected: number, what = 'the status'): void {
  assert.equal(statusName(actual), statusName(expected), what);
}

export function expectEqual<T>(actual: T, expected: T, what: string): void {
  assert.deepEqual(actual, expected, what);
}

export function expectTrue(condition: boolean, what: string): void {
  assert.ok(condition, what);
}

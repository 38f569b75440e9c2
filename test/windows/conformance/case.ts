/**
 * A case of the suite, and the scene that it gets.
 *
 * A case has a directory of its own on a shared volume, and access to the volume through Linux,
 * past the engine. A case changes a file through Linux only before Windows has seen it: the engine
 * relies on being the only one that changes a volume.
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

/** The volume that a case needs; volumes.ts makes each kind. */
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
  /** The case's directory, as Windows names it: "\017". */
  readonly dir: string;
  /** The same directory for Linux: "/017". */
  readonly linuxDir: string;
  readonly type: FsType;
  readonly driver: Driver;
  /** A program of the mounting user. */
  readonly win: Program;
  readonly linux: VolumeFs;
  readonly calls: LinuxCalls;
  readonly kernel: Kernel;
  readonly disk: FaultyDisk;
  /** The path of a name in the case's directory. */
  path(name: string): string;
  linuxPath(name: string): string;
}

export interface Case {
  /** A sentence, unique among the cases. */
  readonly name: string;
  /** The source of the rule: a section of MS-FSA or MS-FSCC, a page of Windows' documentation, … */
  readonly rule: string;
  /** Default: 'usual'. */
  readonly on?: VolumeKind;
  /** Default: fullTypes. */
  readonly types?: readonly FsType[];
  run(scene: Scene): Promise<void>;
}

/** Compares statuses by name, so that a failure is readable. */
export function expectStatus(actual: number, expected: number, what = 'the status'): void {
  assert.equal(statusName(actual), statusName(expected), what);
}

export function expectEqual<T>(actual: T, expected: T, what: string): void {
  assert.deepEqual(actual, expected, what);
}

export function expectTrue(condition: boolean, what: string): void {
  assert.ok(condition, what);
}

/**
 * Random file system calls, each with what it must answer.
 *
 * A step is planned against the model first, which changes it, and run against the volume after: so
 * steps that touch different files may be planned one after the other and run at once.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../../../src/vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../../../src/vfs-linux/calls.ts';
import type { Random } from '../random.ts';
import {
  type DirectoryNode,
  type FileNode,
  type ModelNode,
  ModelTree,
  type RenameRules,
} from './model-tree.ts';

/** What a file system can do, and what it cannot: then the errno is asserted. */
export interface Abilities extends RenameRules {
  /** latin1 strings that stand for bytes. */
  readonly names: readonly string[];
  readonly symlinks: boolean;
  readonly hardLinks: boolean;
  /** Owners and all the 12 bits of a mode. */
  readonly modes: boolean;
  /** Owners and groups are below it. */
  readonly idLimit: number;
  /** The largest value; 0 where there are no extended attributes, undefined: not to be tried. */
  readonly xattrBytes: number | undefined;
  /** The modes of fallocate(2), KEEP_SIZE left out; undefined where it is not to be tried. */
  readonly fallocate: readonly number[] | undefined;
  /** Known to lose the blocks of a replaced directory's attributes: then that is not tried. */
  readonly renameLosesXattrs: boolean;
  /** Whether pwrite(2) to an O_APPEND file appends. */
  readonly append: boolean;
  /** 0, or what copy_file_range(2) answers instead of copying. */
  readonly copyRefusal: number;
  /** What FALLOC_FL_COLLAPSE_RANGE and INSERT_RANGE want offsets and lengths to be multiples of. */
  readonly allocationBytes: number;
  /** The unit of FICLONE; 0 where files cannot be cloned. */
  readonly cloneBytes: number;
  /** Times are multiples of it. */
  readonly timeGrainNs: number;
  /** No file grows beyond. */
  readonly fileBytes: number;
}

/** An open file: the descriptor comes when the step that opens it runs. */
export interface OpenFile {
  readonly node: FileNode;
  readonly append: boolean;
  fd: Fd;
}

export interface Step {
  readonly text: string;
  /** Throws where the volume answers otherwise than the model. */
  readonly run: (calls: LinuxCalls) => Promise<void>;
}

export class Mismatch extends Error {}

export function expectSame(text: string, got: unknown, expected: unknown): void {
  if (got !== expected) throw new Mismatch(`${text} answered ${got}, not ${expected}`);
}

/** Where two buffers differ first, for a person. */
export function expectBytes(text: string, got: Buffer, expected: Buffer): void {
  if (got.equals(expected)) return;
  const most = Math.min(got.length, expected.length);
  let at = 0;
  while (at < most && got[at] === expected[at]) at++;
  const one = got.subarray(at, at + 16).toString('hex');
  const other = expected.subarray(at, at + 16).toString('hex');
  const lengths = `${got.length} bytes for ${expected.length}`;
  throw new Mismatch(`${text}: ${lengths}, from ${at} on ${one} instead of ${other}`);
}

/** Names of 255 bytes hide the rest of a message. */
export const shorten = (text: string): string => text.replace(/(.)\1{20,}/g, '$1…');

export const latin1 = (path: string): Buffer => Buffer.from(path, 'latin1');

const mostOpen = 12;
const mostNodes = 350;
const mostDirectories = 30;
/** PATH_MAX, with room for what a rename adds. */
const mostPathBytes = 3000;

export class Workload {
  readonly random: Random;
  readonly can: Abilities;
  readonly tree: ModelTree = new ModelTree();
  readonly open: OpenFile[] = [];
  #directories: { path: string; node: DirectoryNode }[] = [];
  #nodes = 0;

  constructor(random: Random, can: Abilities) {
    this.random = random;
    this.can = can;
  }

  /** Looks through the tree, so that the paths made next mostly hit something. */
  survey(): void {
    this.#directories = [];
    this.#nodes = 0;
    const visit = (path: string, node: DirectoryNode): void => {
      if (path.length < mostPathBytes) this.#directories.push({ path, node });
      this.#nodes += node.children.size;
      for (const [name, child] of node.children) {
        if (child.kind === 'directory') visit(`${path}/${name}`, child);
      }
    };
    visit('', this.tree.root);
  }

  get isCrowded(): boolean {
    return this.#nodes > mostNodes;
  }

  get hasManyDirectories(): boolean {
    return this.#directories.length > mostDirectories;
  }

  /** A path that may be there or not, and may lead through a file that is no directory. */
  path(): string {
    const { random } = this;
    const base = random.pick(this.#directories).path;
    const name = random.pick(this.can.names);
    return random.chance(0.05)
      ? `${base}/${name}/${random.pick(this.can.names)}`
      : `${base}/${name}`;
  }

  /** The path of something that is there, mostly. */
  existing(): string {
    const { path, node } = this.random.pick(this.#directories);
    if (node.children.size === 0 || this.random.chance(0.1)) return this.path();
    return `${path}/${this.random.pick([...node.children.keys()])}`;
  }

  get hasRoomToOpen(): boolean {
    return this.open.length < mostOpen;
  }

  /** open(2), and what stays open of it. */
  planOpen(): Step {
    const { random } = this;
    const path = random.chance(0.5) ? this.path() : this.existing();
    const append = random.chance(0.1) && this.can.append;
    let flags: number = abi.O_RDWR | abi.O_CREAT | (append ? abi.O_APPEND : 0);
    if (random.chance(0.1)) flags |= abi.O_EXCL;
    if (random.chance(0.1)) flags |= abi.O_TRUNC;
    const mode = this.can.modes ? random.below(0o10000) : 0o755;
    const node = this.tree.create(path, flags, mode);
    const text = `open(${path}, ${flags.toString(8)}, ${mode.toString(8)})`;
    const file = typeof node === 'number' ? undefined : { node, append, fd: -1 };
    if (file !== undefined) this.open.push(file);
    return {
      text,
      run: async (calls) => {
        const fd = await calls.openat2(abi.AT_FDCWD, latin1(path), flags, mode);
        expectSame(text, Math.min(fd, 0), typeof node === 'number' ? node : 0);
        if (file !== undefined) file.fd = fd;
      },
    };
  }

  planClose(): Step {
    const index = this.random.below(this.open.length);
    const [file] = this.open.splice(index, 1);
    const text = `close(${file?.fd})`;
    return {
      text,
      run: async (calls) => expectSame(text, await calls.close(file?.fd ?? -1), 0),
    };
  }

  /** A call on a name that needs its answer compared and nothing else. */
  step(text: string, expected: number, call: (calls: LinuxCalls) => Promise<number>): Step {
    return { text, run: async (calls) => expectSame(text, await call(calls), expected) };
  }

  /** What lies at a path, or the errno; `follow` as stat(2) and lstat(2) differ. */
  look(path: string, follow: boolean): ModelNode | number {
    return this.tree.find(path, follow);
  }
}

/** EPERM comes after the errors of names: fs/namei.c, vfs_link(), vfs_symlink(). */
export function refusedHere(answer: number): number {
  return answer === 0 ? -errno.EPERM : answer;
}

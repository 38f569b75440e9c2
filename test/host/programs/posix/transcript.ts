/**
 * A file system's answers to a program, line by line: two mounts behave alike where the lines are
 * the same. A line has nothing that may differ: no inode numbers, times or sizes of directories.
 */
import { constants, mkdirSync, readdirSync, rmSync } from 'node:fs';
import {
  actAs,
  errnoName,
  linux,
  type Path,
  type Statx,
} from '../../../support/native/fuse-libc.ts';

/**
 * The callers: root, the owner of what is "mine", a member of the owner's group, and a stranger.
 */
export const users = {
  root: [0, 0, []],
  owner: [1000, 1000, []],
  member: [2000, 2000, [1000]],
  stranger: [3000, 3000, []],
} as const;

export type User = keyof typeof users;

export function as(user: User): void {
  const [uid, gid, groups] = users[user];
  actAs(uid, gid, groups);
}

const kinds: Readonly<Record<number, string>> = {
  [constants.S_IFREG]: 'file',
  [constants.S_IFDIR]: 'dir',
  [constants.S_IFLNK]: 'link',
  [constants.S_IFIFO]: 'fifo',
  [constants.S_IFCHR]: 'char',
  [constants.S_IFBLK]: 'block',
  [constants.S_IFSOCK]: 'socket',
};

export function kindOf(mode: number): string {
  return kinds[mode & constants.S_IFMT] ?? `type ${mode & constants.S_IFMT}`;
}

/** 'file 644 1000:1000 links 1 size 5', or the errno's name. */
export function describe(seen: Statx | number): string {
  if (typeof seen === 'number') return errnoName(seen);
  const { mode, uid, gid, nlink, sizeBytes, rdev } = seen;
  const kind = kindOf(mode);
  const permissions = (mode & 0o7777).toString(8);
  // A directory has one link on btrfs, and its size depends on the file system.
  const rest =
    kind === 'dir'
      ? ''
      : kind === 'char' || kind === 'block'
        ? ` device ${rdev}`
        : ` size ${sizeBytes}`;
  return `${kind} ${permissions} ${uid}:${gid} links ${nlink}${rest}`;
}

/** A call's answer for a line: a count, or the errno's name. */
export function answerText(answer: number): string {
  return answer < 0 ? errnoName(answer) : String(answer);
}

/** A sequence of calls, and its name. */
export type Scenario = readonly [name: string, run: (t: Transcript) => void];

export class Transcript {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Writes one line. */
  say(what: string, answer: string | number | boolean): void {
    process.stdout.write(`${this.#prefix}${what}: ${answer}\n`);
  }

  /** A call that answers 0 or an errno. */
  call(what: string, answer: number): boolean {
    this.say(what, answerText(answer));
    return answer >= 0;
  }

  /** A call that answers a descriptor; it is closed again. */
  opens(what: string, fd: number): boolean {
    this.say(what, fd < 0 ? errnoName(fd) : 'opened');
    if (fd >= 0) linux.close(fd);
    return fd >= 0;
  }

  stat(path: Path): void {
    this.say(`stat ${text(path)}`, describe(linux.statx(path)));
  }
}

/** A path for a line; a long one by its length. */
export function text(path: Path): string {
  const shown = typeof path === 'string' ? path : Buffer.from(path).toString('latin1');
  return shown.length > 60 ? `${shown.slice(0, 8)}... (${shown.length})` : `"${shown}"`;
}

let folders = 0;

/** Runs in a new folder, two levels deep, so that ".." is new as well. Ends as root. */
export function inFolder(root: string, run: () => void): void {
  const outer = `${root}/f${folders++}`;
  mkdirSync(`${outer}/here`, { recursive: true });
  process.chdir(`${outer}/here`);
  try {
    run();
  } finally {
    as('root');
    process.chdir(root);
    rmSync(outer, { recursive: true, force: true });
  }
}

/** The names in a folder, sorted, bytes as Latin-1; or why it cannot be listed. */
export function namesIn(path: string): string {
  try {
    const names = readdirSync(path, { encoding: 'latin1' });
    return names
      .sort()
      .map((name) => text(name))
      .join(' ');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** Waits until every kernel's clock has moved: the slowest ticks at 100 Hz. */
export function tick(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25);
}

/**
 * Every call that takes one path, with every kind of path, by every kind of user: what it answers,
 * and what is there afterwards.
 */
import { accessSync, chmodSync, chownSync, constants, mkdirSync, readdirSync } from 'node:fs';
import { errnoName, flags, linux, type Path } from '../../../support/native/fuse-libc.ts';
import { as, inFolder, namesIn, Transcript, text, type User, users } from './transcript.ts';

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
const { O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, S_IFCHR, S_IFIFO, S_IFREG } = constants;

/** What the paths are about. */
export function makeZoo(): void {
  const file = (path: string, mode: number, uid = 0): void => {
    linux.close(linux.open(path, O_CREAT | O_WRONLY, 0o644));
    linux.truncate(path, 3);
    chownSync(path, uid, uid);
    chmodSync(path, mode);
  };
  const folder = (path: string, mode: number, uid = 0): void => {
    mkdirSync(path);
    chownSync(path, uid, uid);
    chmodSync(path, mode);
  };
  chmodSync('.', 0o777);
  folder('dir', 0o755);
  file('dir/inner', 0o644);
  folder('dir-mine', 0o2775, 1000);
  folder('empty', 0o777);
  folder('private', 0o700);
  file('private/inner', 0o666);
  folder('closed-mine', 0o000, 1000);
  folder('listed', 0o744);
  file('listed/inner', 0o666);
  folder('passed', 0o711);
  file('passed/inner', 0o666);
  folder('sticky', 0o1777);
  file('sticky/mine', 0o644, 1000);
  file('sticky/other', 0o666, 4000);
  folder('fixed', 0o555, 1000);
  file('fixed/inner', 0o644, 1000);
  file('file', 0o644);
  file('mine', 0o640, 1000);
  file('set-id', 0o6755, 1000);
  file('secret', 0o000, 1000);
  linux.symlink('mine', 'to-mine');
  linux.symlink('dir', 'to-dir');
  linux.symlink('nowhere', 'dangling');
  linux.symlink('loop', 'loop');
  linux.mknod('fifo', S_IFIFO | 0o666);
  linux.mknod('null', S_IFCHR | 0o666, 0x103);
}

const paths: readonly Path[] = [
  ...['missing', 'file', 'mine', 'set-id', 'secret', 'dir', 'dir-mine', 'empty', 'to-mine'],
  ...[
    'to-dir',
    'dangling',
    'loop',
    'fifo',
    'null',
    'file/x',
    'missing/x',
    'loop/x',
    'to-dir/inner',
  ],
  ...['dir/inner', 'dir/missing', 'dir-mine/missing', 'private/inner', 'private/missing'],
  ...['closed-mine/x', 'listed/inner', 'listed/missing', 'passed/inner', 'sticky/mine'],
  ...[
    'sticky/other',
    'sticky/missing',
    'fixed/inner',
    'fixed/missing',
    'dir/',
    'file/',
    'missing/',
  ],
  ...[
    'empty/',
    'to-dir/',
    'to-mine/',
    'dangling/',
    'empty/.',
    'empty/..',
    '.',
    '..',
    '',
    './/mine',
  ],
  ...['n'.repeat(255), 'n'.repeat(256), `dir/${'n'.repeat(256)}`, `${'./'.repeat(2045)}mine`],
  ...[`${'./'.repeat(2048)}mine`, Buffer.from([0xff, 0xfe, 0x20]), 'wide-\u00e9\u4e2d\u{1f600}'],
];

interface Call {
  readonly name: string;
  /** Whether a success changes something, so that the next call needs a new zoo. */
  readonly changes: boolean;
  readonly run: (path: Path) => number | string;
}

/** An open and a close; reading and writing are tried as far as the flags allow. */
function open(openFlags: number, mode = 0o666): (path: Path) => number | string {
  return (path) => {
    // A FIFO without the other end would wait for it.
    const fd = linux.open(path, openFlags | O_NONBLOCK, mode);
    if (fd < 0) return fd;
    linux.close(fd);
    return 'opened';
  };
}

function nodeCall(call: () => unknown): number | string {
  try {
    return String(call());
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

const access =
  (mode: number) =>
  (path: Path): number | string =>
    nodeCall(() => accessSync(path as string | Buffer, mode) ?? 'yes');

function list(path: Path): number | string {
  return nodeCall(() => readdirSync(path as string | Buffer).length);
}

function xattrText(path: Path): number | string {
  const value = linux.getxattr(path, 'user.none');
  return typeof value === 'number' ? value : value.toString('hex');
}

const calls: readonly Call[] = [
  { name: 'open r', changes: false, run: open(O_RDONLY) },
  { name: 'open w', changes: false, run: open(O_WRONLY) },
  { name: 'open rw', changes: false, run: open(O_RDWR) },
  { name: 'open append', changes: false, run: open(O_WRONLY | O_APPEND) },
  { name: 'open r truncate', changes: true, run: open(O_RDONLY | O_TRUNC) },
  { name: 'open w truncate', changes: true, run: open(O_WRONLY | O_TRUNC) },
  { name: 'open create', changes: true, run: open(O_RDWR | O_CREAT) },
  { name: 'open create r', changes: true, run: open(O_RDONLY | O_CREAT, 0) },
  { name: 'open create excl', changes: true, run: open(O_RDWR | O_CREAT | O_EXCL, 0o7777) },
  { name: 'open directory', changes: false, run: open(O_RDONLY | O_DIRECTORY) },
  { name: 'open nofollow', changes: false, run: open(O_RDONLY | O_NOFOLLOW) },
  { name: 'open path', changes: false, run: open(flags.O_PATH) },
  { name: 'open path nofollow', changes: false, run: open(flags.O_PATH | O_NOFOLLOW) },
  { name: 'open tmpfile', changes: false, run: open(flags.O_TMPFILE | O_RDWR) },
  { name: 'list', changes: false, run: list },
  { name: 'readlink', changes: false, run: (path) => linux.readlink(path) },
  { name: 'access exists', changes: false, run: access(constants.F_OK) },
  { name: 'access r', changes: false, run: access(constants.R_OK) },
  { name: 'access w', changes: false, run: access(constants.W_OK) },
  { name: 'access x', changes: false, run: access(constants.X_OK) },
  { name: 'mkdir', changes: true, run: (path) => linux.mkdir(path, 0o7777) },
  { name: 'mkfifo', changes: true, run: (path) => linux.mknod(path, S_IFIFO | 0o666) },
  { name: 'mknod file', changes: true, run: (path) => linux.mknod(path, S_IFREG | 0o4644) },
  { name: 'mknod device', changes: true, run: (path) => linux.mknod(path, S_IFCHR | 0o600, 0x103) },
  { name: 'symlink', changes: true, run: (path) => linux.symlink('target', path) },
  { name: 'unlink', changes: true, run: (path) => linux.unlink(path) },
  { name: 'rmdir', changes: true, run: (path) => linux.rmdir(path) },
  { name: 'chmod 600', changes: true, run: (path) => linux.chmod(path, 0o600) },
  { name: 'chmod 7777', changes: true, run: (path) => linux.chmod(path, 0o7777) },
  { name: 'chown owner', changes: true, run: (path) => linux.chown(path, 1000, 1000) },
  { name: 'chown group', changes: true, run: (path) => linux.chown(path, -1, 1000) },
  { name: 'chown nothing', changes: true, run: (path) => linux.chown(path, -1, -1) },
  { name: 'lchown away', changes: true, run: (path) => linux.lchown(path, 5000, 5000) },
  { name: 'truncate', changes: true, run: (path) => linux.truncate(path, 10) },
  { name: 'truncate negative', changes: true, run: (path) => linux.truncate(path, -1) },
  { name: 'utimes now', changes: true, run: (path) => linux.utimensat(path, null) },
  { name: 'utimes', changes: true, run: (path) => linux.utimensat(path, [1n, 2_000_000_001n]) },
  { name: 'utimes omit', changes: true, run: (path) => linux.utimensat(path, ['omit', 'omit']) },
  { name: 'utimes now omit', changes: true, run: (path) => linux.utimensat(path, ['now', 'omit']) },
  { name: 'setxattr', changes: true, run: (path) => linux.setxattr(path, 'user.a', Buffer.of(1)) },
  { name: 'getxattr', changes: false, run: xattrText },
  { name: 'removexattr', changes: true, run: (path) => linux.removexattr(path, 'user.none') },
];

/** One call on all paths, by one user. */
function sweep(root: string, user: User, { name, changes, run }: Call): void {
  const transcript = new Transcript(`${name} by ${user} of `);
  const left = [...paths];
  while (left.length > 0) {
    inFolder(root, () => {
      makeZoo();
      for (let path = left.shift(); path !== undefined; path = left.shift()) {
        as(user);
        const answer = run(path);
        as('root');
        const said = typeof answer === 'number' && answer < 0 ? errnoName(answer) : answer;
        transcript.say(text(path), said);
        if (changes && !(typeof answer === 'number' && answer < 0)) {
          transcript.stat(path);
          transcript.say('names', namesIn('.'));
          return;
        }
      }
    });
  }
}

export function onePath(root: string): void {
  linux.umask(0o022);
  for (const call of calls)
    for (const user of Object.keys(users) as User[]) sweep(root, user, call);
}

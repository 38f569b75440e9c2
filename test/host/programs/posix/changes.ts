/** Which times a call changes, what a name's change means for open files, and limits of names. */
import { constants, mkdirSync, opendirSync, readdirSync } from 'node:fs';
import {
  errnoName,
  flags,
  linux,
  type Path,
  type Statx,
} from '../../../support/native/fuse-libc.ts';
import { makeFile } from './owners.ts';
import { as, describe, namesIn, type Scenario, type Transcript, tick } from './transcript.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY, S_IFIFO } = constants;

function look(path: Path): Statx {
  const seen = linux.statx(path);
  if (typeof seen === 'number') throw new Error(`stat: ${errnoName(seen)}`);
  return seen;
}

/** Notes which times of each path a call changes: 'mtime+ctime'. */
export function changed(
  t: Transcript,
  what: string,
  paths: readonly string[],
  deed: () => number,
): void {
  const before = paths.map(look);
  tick();
  const answer = deed();
  const said = paths.map((path, index) => {
    const after = linux.statx(path);
    if (typeof after === 'number') return `${path} ${errnoName(after)}`;
    const old = before[index] as Statx;
    const names = (['atime', 'mtime', 'ctime', 'btime'] as const).filter(
      (name) => old[`${name}Ns`] !== after[`${name}Ns`],
    );
    return `${path} ${names.join('+') || 'nothing'}`;
  });
  t.say(what, `${answer < 0 ? errnoName(answer) : 'done'}; changed: ${said.join(', ')}`);
}

function withFile(path: string, openFlags: number, deed: (fd: number) => number): number {
  const fd = linux.open(path, openFlags);
  const answer = deed(fd);
  linux.close(fd);
  return answer;
}

function times(t: Transcript): void {
  mkdirSync('d');
  makeFile('d/f');
  makeFile('d/old');
  linux.symlink('f', 'd/l');
  const both = ['d', 'd/f'];
  changed(t, 'write', both, () => withFile('d/f', O_WRONLY, (fd) => linux.write(fd, Buffer.of(1))));
  changed(t, 'write nothing', both, () =>
    withFile('d/f', O_WRONLY, (fd) => linux.write(fd, Buffer.alloc(0))),
  );
  changed(t, 'truncate', both, () => linux.truncate('d/f', 3));
  changed(t, 'truncate to the same', both, () => linux.truncate('d/f', 3));
  changed(t, 'ftruncate to the same', both, () =>
    withFile('d/f', O_RDWR, (fd) => linux.ftruncate(fd, 3)),
  );
  changed(t, 'open truncate', both, () => withFile('d/f', O_RDWR | constants.O_TRUNC, () => 0));
  changed(t, 'open truncate empty', both, () =>
    withFile('d/f', O_RDWR | constants.O_TRUNC, () => 0),
  );
  changed(t, 'fallocate', both, () =>
    withFile('d/f', O_RDWR, (fd) => linux.fallocate(fd, 0, 0, 9)),
  );
  changed(t, 'punch', both, () =>
    withFile('d/f', O_RDWR, (fd) =>
      linux.fallocate(fd, flags.FALLOC_PUNCH_HOLE | flags.FALLOC_KEEP_SIZE, 0, 4),
    ),
  );
  changed(t, 'chmod', both, () => linux.chmod('d/f', 0o600));
  changed(t, 'chown', both, () => linux.chown('d/f', 1000, -1));
  changed(t, 'chown nothing', both, () => linux.chown('d/f', -1, -1));
  changed(t, 'link', [...both, '.'], () => linux.link('d/f', 'd/g'));
  changed(t, 'unlink', both, () => linux.unlink('d/g'));
  changed(t, 'rename', both, () => linux.rename('d/old', 'd/new'));
  // The name stands for another file afterwards, so other times are no change.
  changed(t, 'rename over', ['d'], () => linux.rename('d/new', 'd/f'));
  changed(t, 'exchange', ['d'], () => linux.rename('d/f', 'd/l', flags.RENAME_EXCHANGE));
  changed(t, 'mkdir', ['d', '.'], () => linux.mkdir('d/sub', 0o755));
  changed(t, 'rmdir', ['d', '.'], () => linux.rmdir('d/sub'));
  changed(t, 'rmdir that fails', ['d', '.'], () => linux.rmdir('d'));
  changed(t, 'mkfifo', ['d'], () => linux.mknod('d/p', S_IFIFO | 0o600));
  changed(t, 'symlink', ['d'], () => linux.symlink('x', 'd/m'));
  changed(t, 'setxattr', ['d', 'd/l'], () => linux.setxattr('d/l', 'user.a', Buffer.of(1)));
  changed(t, 'removexattr', ['d', 'd/l'], () => linux.removexattr('d/l', 'user.a'));
  changed(t, 'create', ['d', '.'], () => withFile('d/created', O_CREAT | O_RDWR, () => 0));
  changed(t, 'open that exists', both.slice(0, 1), () =>
    withFile('d/l', O_CREAT | O_RDWR, () => 0),
  );
  changed(t, 'utimes', both.slice(0, 1), () => linux.utimensat('d', [5n, 6n]));
}

const exactTimes: readonly bigint[] = [
  ...[0n, 1n, -1n, 999_999_999n, -1_500_000_000n, 2n ** 31n * 1_000_000_000n + 1n],
  ...[
    2n ** 32n * 1_000_000_000n - 1n,
    4_000_000_000n * 1_000_000_000n,
    -(2n ** 31n) * 1_000_000_000n,
  ],
];

function unlinkedFile(t: Transcript): void {
  makeFile('f', 0o644, 'before');
  const fd = linux.open('f', O_RDWR);
  linux.link('f', 'second');
  t.call('unlink', linux.unlink('f'));
  t.say('fstat', describe(linux.fstatx(fd)));
  linux.unlink('second');
  t.say('fstat', describe(linux.fstatx(fd)));
  t.call('write', linux.pwrite(fd, Buffer.from('after'), 6));
  const bytes = Buffer.alloc(20);
  t.call('read', linux.pread(fd, bytes, 0));
  t.say('bytes', bytes.toString('latin1', 0, 11));
  t.call('ftruncate', linux.ftruncate(fd, 4));
  t.call('fchmod', linux.fchmod(fd, 0o640));
  t.call('fchown', linux.fchown(fd, 1000, 1000));
  t.call('fsync', linux.fsync(fd));
  t.call('link back', linux.linkOpen(fd, 'back'));
  makeFile('f', 0o600, 'another of this name');
  t.say('fstat', describe(linux.fstatx(fd)));
  t.opens('open by /proc', linux.open(`/proc/self/fd/${fd}`, O_RDONLY));
  linux.close(fd);
  t.stat('f');
}

/**
 * Renames each file while the folder is listed. The new name's place may lie behind all names that
 * are listed already, so that the file comes again and again.
 */
function renamedWhileListed(t: Transcript): void {
  const count = 1500;
  mkdirSync('d');
  for (let i = 0; i < count; i++) makeFile(`d/${'a long name '.repeat(3)}${i}`);
  const listed = opendirSync('d');
  let told = 0;
  for (let one = listed.readSync(); one !== null && told < 4 * count; one = listed.readSync()) {
    told++;
    linux.rename(`d/${one.name}`, 'd/for a moment');
    linux.rename('d/for a moment', `d/${one.name}`);
  }
  listed.closeSync();
  t.say('the listing ends', told < 4 * count);
  t.say('names', readdirSync('d').length);
}

function goneFolder(t: Transcript): void {
  mkdirSync('d/sub', { recursive: true });
  process.chdir('d/sub');
  t.call('rmdir of the working directory', linux.rmdir('../sub'));
  t.opens('create in it', linux.open('f', O_CREAT | O_RDWR, 0o644));
  t.call('mkdir in it', linux.mkdir('x', 0o755));
  t.call('link into it', linux.link('..', 'x'));
  t.say('stat .', describe(linux.statx('.')));
  t.say('names', namesIn('.'));
  t.call('rename out of it', linux.rename('.', '../other'));
  process.chdir('../..');
}

function tmpfile(t: Transcript): void {
  const fd = linux.open('.', flags.O_TMPFILE | O_RDWR, 0o640);
  t.say('open', fd < 0 ? errnoName(fd) : 'opened');
  t.say('fstat', describe(linux.fstatx(fd)));
  t.call('write', linux.write(fd, Buffer.from('unnamed')));
  t.say('names', namesIn('.'));
  t.call('link', linux.linkOpen(fd, 'named'));
  t.call('link again', linux.linkOpen(fd, 'named'));
  t.stat('named');
  linux.close(fd);
  const sealed = linux.open('.', flags.O_TMPFILE | O_WRONLY | O_EXCL, 0o600);
  t.call('link of one with O_EXCL', linux.linkOpen(sealed, 'never'));
  linux.close(sealed);
  t.opens('to read only', linux.open('.', flags.O_TMPFILE | O_RDONLY, 0o600));
}

function renames(t: Transcript): void {
  mkdirSync('a/b/c', { recursive: true });
  t.call('into itself', linux.rename('a', 'a/b/x'));
  t.call('over its parent', linux.rename('a/b/c', 'a'));
  t.call('exchange with its child', linux.rename('a', 'a/b', flags.RENAME_EXCHANGE));
  t.call('bad flags', linux.rename('a', 'x', 3));
  t.call('unknown flag', linux.rename('a', 'x', 64));
  makeFile('f');
  linux.link('f', 'g');
  t.call('of two links of one file', linux.rename('f', 'g'));
  t.say('names', namesIn('.'));
  t.call('to itself', linux.rename('f', 'f'));
  t.call('exchange folder and file', linux.rename('a', 'f', flags.RENAME_EXCHANGE));
  t.stat('a');
  t.stat('f');
  t.say('names', namesIn('f'));
  t.call('whiteout', linux.rename('g', 'h', flags.RENAME_WHITEOUT));
  t.stat('g');
  mkdirSync('p');
  const fd = linux.open('p', O_RDONLY);
  t.call('rename of an open folder', linux.rename('p', 'q'));
  t.opens('create through it', linux.open('new', O_CREAT | O_RDWR, 0o644, fd));
  linux.close(fd);
  t.stat('q/new');
  t.call('to another file system', linux.rename('a', '/dev/shm/fsbridge-posix-x'));
  t.call('link to another file system', linux.link('a', '/dev/shm/fsbridge-posix-x'));
}

function listing(t: Transcript): void {
  const names = Array.from({ length: 3000 }, (_, index) => `entry-with-a-longer-name-${index}`);
  for (const name of names) makeFile(name, 0o644, '');
  t.say('names', readdirSync('.').length);
  // A listing during which files are removed must still have every file that stays.
  const fd = linux.open('.', O_RDONLY);
  linux.close(fd);
  for (const name of names.filter((_, index) => index % 2 === 0)) linux.unlink(name);
  t.say('names left', readdirSync('.').length);
  for (const name of names) linux.unlink(name);
  t.say('names at the end', readdirSync('.').length);
}

function links(t: Transcript): void {
  makeFile('f');
  for (let count = 0; count < 300; count++) linux.link('f', `l${count}`);
  t.stat('f');
  linux.symlink('x'.repeat(4095), 'long');
  t.stat('long');
  t.say('readlink', String(linux.readlink('long')).length);
  t.call('a target too long', linux.symlink('x'.repeat(4096), 'longer'));
  t.call('no target', linux.symlink('', 'empty'));
  linux.symlink('c40', 'c41');
  for (let count = 0; count < 41; count++) linux.symlink(`c${count - 1}`, `c${count}`);
  makeFile('c-1');
  t.opens('39 links', linux.open('c38', O_RDONLY));
  t.opens('40 links', linux.open('c39', O_RDONLY));
  t.opens('41 links', linux.open('c40', O_RDONLY));
  linux.symlink(Buffer.from([0xff, 0xfe]), 'bytes');
  t.say('bytes', linux.readlink('bytes'));
  const before = look('f').ino;
  t.say('one inode', look('l7').ino === before);
}

/** inotify's events of a folder, as text. */
function events(t: Transcript): void {
  const fd = linux.inotifyInit(0o4000);
  linux.inotifyAddWatch(fd, '.', 0xfff);
  makeFile('f');
  linux.rename('f', 'g');
  linux.chmod('g', 0o600);
  linux.unlink('g');
  linux.mkdir('d', 0o755);
  const raw = Buffer.alloc(16_384);
  const length = linux.read(fd, raw);
  linux.close(fd);
  const said: string[] = [];
  for (let at = 0; at < length; ) {
    const nameBytes = raw.readUInt32LE(at + 12);
    const name = raw.toString('latin1', at + 16, at + 16 + nameBytes).replace(/\0+$/, '');
    said.push(`${raw.readUInt32LE(at + 4).toString(16)} ${name}`);
    at += 16 + nameBytes;
  }
  t.say('events', said.join(', '));
}

export const changeScenarios: readonly Scenario[] = [
  ['times', times],
  [
    'exact times',
    (t) => {
      makeFile('f');
      for (const time of exactTimes) {
        t.call(`set ${time}`, linux.utimensat('f', [time, time]));
        const { atimeNs, mtimeNs } = look('f');
        t.say('times', `${atimeNs} ${mtimeNs}`);
      }
      linux.utimensat('f', [7n, 8n]);
      t.call('mtime only', linux.utimensat('f', ['omit', 9n]));
      t.say('times', `${look('f').atimeNs} ${look('f').mtimeNs}`);
      linux.symlink('f', 'l');
      t.call('of a link', linux.utimensat('l', [3n, 4n], flags.AT_SYMLINK_NOFOLLOW));
      t.say('times', `${look('l').mtimeNs} ${look('f').mtimeNs}`);
      t.call('bad flags', linux.utimensat('f', null, 7));
    },
  ],
  [
    'born',
    (t) => {
      makeFile('f');
      const { btimeNs, mask } = look('f');
      t.say('has a time of birth', (mask & 0x800) !== 0 && btimeNs > 1_600_000_000_000_000_000n);
      linux.utimensat('f', [0n, 0n]);
      t.say('and keeps it', look('f').btimeNs === btimeNs);
    },
  ],
  ['unlinked but open', unlinkedFile],
  ['a folder that is gone', goneFolder],
  ['renamed while it is listed', renamedWhileListed],
  ['O_TMPFILE', tmpfile],
  ['renames', renames],
  ['a long listing', listing],
  ['links', links],
  ['inotify', events],
  [
    'append',
    (t) => {
      makeFile('f', 0o666, '12345');
      const [one, two] = [linux.open('f', O_WRONLY | O_APPEND), linux.open('f', O_RDWR | O_APPEND)];
      for (let count = 0; count < 5; count++) {
        linux.write(one, Buffer.from('a'));
        linux.write(two, Buffer.from('b'));
      }
      const bytes = Buffer.alloc(40);
      t.call('length', linux.pread(two, bytes, 0));
      t.say('bytes', bytes.toString('latin1', 0, 15));
      t.call('position', linux.lseek(two, 0, flags.SEEK_CUR));
      linux.close(one);
      linux.close(two);
    },
  ],
  [
    'a sticky folder',
    (t) => {
      linux.mkdir('s', 0o777);
      linux.chown('s', 1000, 1000);
      linux.chmod('s', 0o1777);
      for (const [name, uid] of [
        ['a', 3000],
        ['b', 2000],
        ['c', 0],
        ['d', 1000],
      ] as const) {
        makeFile(`s/${name}`, 0o666, 'x', uid);
      }
      for (const user of ['stranger', 'member', 'owner'] as const) {
        as(user);
        for (const name of ['a', 'b', 'c', 'd']) {
          t.call(`${user} renames ${name}`, linux.rename(`s/${name}`, `s/${name}`.toUpperCase()));
          t.call(`${user} unlinks ${name}`, linux.unlink(`s/${name}`));
        }
        t.call(`${user} replaces`, linux.rename('s/a', 's/d'));
      }
      as('root');
      t.say('names', namesIn('s'));
    },
  ],
];

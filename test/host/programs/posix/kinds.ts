/** Every kind of file: which users can change, remove and move it, and which times that changes. */
import { spawn } from 'node:child_process';
import { constants, copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import {
  actAs,
  errnoName,
  flags,
  linux,
  type TimeToSet,
} from '../../../support/native/fuse-libc.ts';
import { changed } from './changes.ts';
import { answerText, as, describe, type Scenario, type Transcript } from './transcript.ts';

const { O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;
const { S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } = constants;

const device = 0x102;
const makers: Readonly<Record<string, (path: string) => number>> = {
  file: (path) => linux.close(linux.open(path, O_CREAT | O_EXCL | O_WRONLY, 0o644)),
  folder: (path) => linux.mkdir(path, 0o755),
  fifo: (path) => linux.mknod(path, S_IFIFO | 0o644),
  block: (path) => linux.mknod(path, S_IFBLK | 0o644, device),
  char: (path) => linux.mknod(path, S_IFCHR | 0o644, device),
  socket: (path) => linux.mknod(path, S_IFSOCK | 0o644),
  link: (path) => linux.symlink('nowhere', path),
};
const kinds: readonly string[] = Object.keys(makers);

function make(kind: string, path: string, uid = 0, gid: number = uid): void {
  makers[kind]?.(path);
  linux.lchown(path, uid, gid);
}

function remove(path: string): void {
  if (linux.unlink(path) < 0) linux.rmdir(path);
}

/** Makes a folder with exactly this mode and owner, whatever the umask. */
function makeFolder(path: string, mode: number, uid = 0): void {
  mkdirSync(path);
  linux.chown(path, uid, uid);
  linux.chmod(path, mode);
}

function seen(...paths: readonly string[]): string {
  return paths.map((path) => describe(linux.statx(path))).join(', ');
}

function byStranger(deed: () => number): () => number {
  return () => {
    as('stranger');
    const answer = deed();
    as('root');
    return answer;
  };
}

function lifeOfAKind(t: Transcript, kind: string): void {
  makeFolder('d', 0o755);
  make(kind, 'd/f');
  const both = ['d', 'd/f'];
  const deeds: Readonly<Record<string, () => number>> = {
    // chmod(2) would follow a symbolic link, which has no mode of its own.
    ...(kind === 'link' ? {} : { chmod: () => linux.chmod('d/f', 0o6751) }),
    lchown: () => linux.lchown('d/f', 1000, 1001),
    utimes: () => linux.utimensat('d/f', [5n, 6n], flags.AT_SYMLINK_NOFOLLOW),
    rename: () => linux.rename('d/f', 'd/g'),
    unlink: () => linux.unlink('d/f'),
    rmdir: () => linux.rmdir('d/f'),
    link: () => linux.link('d/f', 'd/h'),
  };
  for (const [name, deed] of Object.entries(deeds)) {
    changed(t, `${kind}: ${name} by a stranger`, both, byStranger(deed));
  }
  changed(t, `${kind}: rename to itself`, both, () => linux.rename('d/f', 'd/f'));
  changed(t, `${kind}: lchown`, both, () => linux.lchown('d/f', 1000, 1001));
  changed(t, `${kind}: lchown of nothing`, both, () => linux.lchown('d/f', -1, -1));
  if (kind !== 'folder') {
    changed(t, `${kind}: link`, both, () => linux.link('d/f', 'd/g'));
    t.say(`${kind}: twice`, seen('d/f', 'd/g'));
    changed(t, `${kind}: rename to its other name`, both, () => linux.rename('d/f', 'd/g'));
    changed(t, `${kind}: unlink of one`, both, () => linux.unlink('d/g'));
  }
  t.say(`${kind}: left`, seen('d/f', 'd/g'));
}

function renamesOver(t: Transcript, kind: string): void {
  for (const other of kinds) {
    makeFolder('p', 0o755);
    makeFolder('q', 0o755);
    make(kind, 'p/from');
    make(other, 'q/to');
    linux.link('q/to', 'other-name');
    t.call(`${kind} over ${other}`, linux.rename('p/from', 'q/to'));
    t.say('then', seen('p/from', 'q/to', 'other-name'));
    for (const path of ['p/from', 'q/to', 'other-name', 'p', 'q']) remove(path);
  }
}

/** Owners and groups that a caller may or may not set, and what each does to set-ID bits. */
function setIdChowns(t: Transcript, kind: string): void {
  const callers = [
    [1000, 1000, []],
    [1000, 5001, []],
    [1000, 5001, [5002]],
    [2000, 1000, []],
  ] as const;
  const owners = [
    [-1, -1],
    [1000, -1],
    [-1, 5001],
    [1000, 5002],
    [2000, 2000],
  ] as const;
  for (const mode of [0o6555, 0o6444, 0o2745, 0o4755]) {
    for (const [uid, gid, groups] of callers) {
      for (const [newUid, newGid] of owners) {
        make(kind, 'f', 1000, 5001);
        linux.chmod('f', mode);
        actAs(uid, gid, groups);
        const answer = linux.chown('f', newUid, newGid);
        as('root');
        const who = `${uid}:${[gid, ...groups].join('+')}`;
        const what = `${kind} ${mode.toString(8)} by ${who} to ${newUid}:${newGid}`;
        t.say(what, `${answerText(answer)}, ${seen('f')}`);
        remove('f');
      }
    }
  }
}

function sticky(t: Transcript, kind: string): void {
  const deeds: Readonly<Record<string, () => number>> = {
    unlink: () => linux.unlink('s/f'),
    rmdir: () => linux.rmdir('s/f'),
    'rename inside': () => linux.rename('s/f', 's/g'),
    'rename out': () => linux.rename('s/f', 'o/f'),
    'rename over': () => {
      makers[kind]?.('o/g');
      return linux.rename('o/g', 's/f');
    },
  };
  for (const folderOwner of [0, 1000, 2000]) {
    for (const owner of [0, 1000, 2000]) {
      for (const [name, deed] of Object.entries(deeds)) {
        makeFolder('s', 0o1777, folderOwner);
        makeFolder('o', 0o777, 1000);
        make(kind, 's/f', owner);
        as('owner');
        const answer = deed();
        as('root');
        const what = `${kind} of ${owner} in a folder of ${folderOwner}`;
        t.say(`${name} of a ${what}`, `${answerText(answer)}, ${seen('s/f', 's/g', 'o/f')}`);
        for (const path of ['s/f', 's/g', 'o/f', 'o/g', 's', 'o']) remove(path);
      }
    }
  }
}

function timesByPermission(t: Transcript): void {
  const times: readonly (readonly [TimeToSet, TimeToSet] | null)[] = [
    null,
    ['now', 'now'],
    ['omit', 'omit'],
    ['now', 'omit'],
    ['omit', 'now'],
    ['now', 7n],
    ['omit', 7n],
    [7n, 'omit'],
    [7n, 8n],
    // Beyond what some file systems can store: they store the nearest time that they can.
    [-(2n ** 40n) * 1_000_000_000n, 2n ** 40n * 1_000_000_000n],
  ];
  for (const kind of kinds.filter((one) => one !== 'link')) {
    for (const owner of [0, 3000]) {
      for (const mode of [0o644, 0o666, 0o444, 0]) {
        for (const pair of times) {
          make(kind, 'f', owner);
          linux.chmod('f', mode);
          const what = `${kind} of ${owner}, ${mode.toString(8)}, to ${String(pair)}`;
          changed(
            t,
            what,
            ['f'],
            byStranger(() => linux.utimensat('f', pair)),
          );
          remove('f');
        }
      }
    }
  }
}

function specialFiles(t: Transcript): void {
  make('fifo', 'p');
  t.opens('a FIFO without a reader', linux.open('p', O_WRONLY | O_NONBLOCK));
  const reader = linux.open('p', O_RDONLY | O_NONBLOCK);
  t.opens('a FIFO with a reader', linux.open('p', O_WRONLY | O_NONBLOCK));
  linux.close(reader);
  make('socket', 's');
  for (const how of [O_RDONLY, O_WRONLY, O_RDWR]) t.opens(`a socket, ${how}`, linux.open('s', how));
  for (const how of [O_TRUNC, O_CREAT, O_CREAT | O_EXCL]) {
    for (const kind of ['fifo', 'socket', 'folder']) {
      make(kind, 'f');
      t.opens(`${kind} with ${how}`, linux.open('f', how | O_RDWR | O_NONBLOCK));
      remove('f');
    }
  }
}

function runningProgram(t: Transcript): void {
  copyFileSync('/bin/sleep', 'program');
  linux.chmod('program', 0o755);
  const child = spawn(path.resolve('program'), ['60'], { stdio: 'ignore' });
  for (const how of [O_WRONLY, O_RDWR, O_TRUNC, O_RDONLY]) {
    t.opens(`open ${how}`, linux.open('program', how));
    t.stat('program');
  }
  t.call('truncate', linux.truncate('program', 5));
  t.call('chmod', linux.chmod('program', 0o700));
  t.call('rename', linux.rename('program', 'renamed'));
  t.call('unlink', linux.unlink('renamed'));
  child.kill('SIGKILL');
}

function rights(t: Transcript): void {
  const ways = [O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_WRONLY | O_TRUNC];
  for (const kind of ['file', 'fifo', 'folder']) {
    make(kind, 'f', 1000);
    for (const mode of [
      0o477, 0o747, 0o774, 0o277, 0o727, 0o772, 0o177, 0o717, 0o771, 0o77, 0o707,
    ]) {
      linux.chmod('f', mode);
      for (const user of ['root', 'owner', 'member', 'stranger'] as const) {
        as(user);
        const said = ways.map((how) => {
          const fd = linux.open('f', how | O_NONBLOCK);
          if (fd >= 0) linux.close(fd);
          return fd < 0 ? errnoName(fd) : 'opened';
        });
        as('root');
        t.say(`${kind} ${mode.toString(8)} by ${user}`, said.join(' '));
      }
    }
    remove('f');
  }
}

function ofEach(run: (t: Transcript, kind: string) => void, but = ''): (t: Transcript) => void {
  return (t) => {
    for (const kind of kinds) if (kind !== but) run(t, kind);
  };
}

/** One folder for each kind, so that leftovers of one are not in another's way. */
const lives: readonly Scenario[] = kinds.map((kind) => [
  `the life of a ${kind}`,
  (t) => lifeOfAKind(t, kind),
]);

export const kindScenarios: readonly Scenario[] = [
  ...lives,
  ['rename of one kind over another', ofEach(renamesOver)],
  ['owners of set-ID files', ofEach(setIdChowns, 'link')],
  ['whose file in whose sticky folder', ofEach(sticky)],
  ['setting times, by user', timesByPermission],
  ['special files', specialFiles],
  ['a program that runs', runningProgram],
  ['rights', rights],
  [
    'a file made without rights',
    (t) => {
      linux.chmod('.', 0o777);
      for (const how of [O_RDONLY, O_WRONLY, O_RDWR]) {
        as('stranger');
        const fd = linux.open('f', O_CREAT | how, 0);
        t.call('ftruncate', linux.ftruncate(fd, 10));
        t.call('fallocate', linux.fallocate(fd, 0, 0, 50));
        t.call('write', linux.write(fd, Buffer.from('abc')));
        t.opens('open again', linux.open('f', how));
        linux.close(fd);
        as('root');
        t.stat('f');
        linux.unlink('f');
      }
    },
  ],
];

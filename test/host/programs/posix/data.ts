/** Holes, preallocation, copying, limits of offsets, locks, mappings and programs that run. */
import { spawn, spawnSync } from 'node:child_process';
import { constants, copyFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { errnoName, flags, linux, mapFile } from '../../../support/native/fuse-libc.ts';
import { makeFile } from './owners.ts';
import { answerText, describe, type Scenario, type Transcript, tick } from './transcript.ts';

const { O_APPEND, O_CREAT, O_RDONLY, O_RDWR, O_WRONLY } = constants;
const { FALLOC_KEEP_SIZE: KEEP, FALLOC_PUNCH_HOLE: PUNCH, FALLOC_ZERO_RANGE: ZERO } = flags;
const kib = 1024;

function made(path: string, openFlags: number = O_RDWR): number {
  return linux.open(path, O_CREAT | openFlags, 0o644);
}

function seeks(t: Transcript, fd: number, places: readonly number[]): void {
  for (const at of places) {
    t.call(`data from ${at}`, linux.lseek(fd, at, flags.SEEK_DATA));
    t.call(`hole from ${at}`, linux.lseek(fd, at, flags.SEEK_HOLE));
  }
}

function holes(t: Transcript): void {
  const fd = made('f');
  linux.ftruncate(fd, 4096 * kib);
  linux.pwrite(fd, Buffer.alloc(128 * kib, 1), 1024 * kib);
  linux.pwrite(fd, Buffer.alloc(5, 1), 3072 * kib);
  linux.fsync(fd);
  const places = [
    0,
    1024 * kib,
    1100 * kib,
    1200 * kib,
    3072 * kib,
    4096 * kib - 1,
    4096 * kib,
    -1,
  ];
  seeks(t, fd, places);
  t.call('punch', linux.fallocate(fd, PUNCH | KEEP, 1024 * kib, 64 * kib));
  linux.fsync(fd);
  seeks(t, fd, [0, 1024 * kib, 1088 * kib]);
  const seen = linux.fstatx(fd);
  t.say('blocks are few', typeof seen !== 'number' && seen.blocks < 1000);
  t.call('SEEK_SET beyond', linux.lseek(fd, 2 ** 40, flags.SEEK_SET));
  t.call('SEEK_END', linux.lseek(fd, -10, flags.SEEK_END));
  t.call('before the start', linux.lseek(fd, -10, flags.SEEK_SET));
  t.call('no such whence', linux.lseek(fd, 0, 9));
  linux.close(fd);
}

const modes: Readonly<Record<string, number>> = {
  allocate: 0,
  keep: KEEP,
  punch: PUNCH | KEEP,
  'punch without keep': PUNCH,
  zero: ZERO,
  'zero keep': ZERO | KEEP,
  collapse: flags.FALLOC_COLLAPSE_RANGE,
  insert: flags.FALLOC_INSERT_RANGE,
  'collapse keep': flags.FALLOC_COLLAPSE_RANGE | KEEP,
  unknown: 0x800,
};
const ranges: readonly (readonly [number, number])[] = [
  ...([
    [0, 4096],
    [4096, 4096],
    [5, 10],
    [0, 0],
    [-1, 10],
    [10, -1],
  ] as const),
  ...([
    [65_536, 4096],
    [8192, 65_536],
    [1, 4096],
  ] as const),
];

function allocations(t: Transcript): void {
  for (const [name, mode] of Object.entries(modes)) {
    for (const [at, length] of ranges) {
      const fd = made('f');
      linux.ftruncate(fd, 0);
      linux.pwrite(fd, Buffer.alloc(40_000, 65), 0);
      t.call(`${name} ${at} ${length}`, linux.fallocate(fd, mode, at, length));
      const bytes = Buffer.alloc(80_000);
      const count = linux.pread(fd, bytes, 0);
      t.say('then', `${count} bytes, ${bytes.filter((byte) => byte === 65).length} of them data`);
      linux.close(fd);
    }
  }
  const fd = linux.open('f', O_RDONLY);
  t.call('on a file opened to read', linux.fallocate(fd, 0, 0, 10));
  linux.close(fd);
}

function copies(t: Transcript): void {
  const from = made('from');
  const to = made('to');
  linux.pwrite(from, Buffer.alloc(100_000, 7), 0);
  t.call('copy', linux.copyFileRange(from, 0, to, 0, 100_000));
  t.call('from beyond the end', linux.copyFileRange(from, 200_000, to, 0, 10));
  t.call('across the end', linux.copyFileRange(from, 99_990, to, 5, 100));
  t.call('onto itself', linux.copyFileRange(from, 0, from, 10, 100));
  t.call('within itself', linux.copyFileRange(from, 0, from, 150_000, 100));
  t.call('nothing', linux.copyFileRange(from, 0, to, 0, 0));
  const append = linux.open('to', O_WRONLY | O_APPEND);
  t.call('to one that appends', linux.copyFileRange(from, 0, append, 0, 10));
  const reading = linux.open('to', O_RDONLY);
  t.call('to one that reads', linux.copyFileRange(from, 0, reading, 0, 10));
  const folder = linux.open('.', O_RDONLY);
  t.call('from a folder', linux.copyFileRange(folder, 0, to, 0, 10));
  t.say('to', describe(linux.statx('to')));
  t.say('from', describe(linux.statx('from')));
  for (const fd of [from, to, append, reading, folder]) linux.close(fd);
}

function offsets(t: Transcript): void {
  const fd = made('f');
  const byte = Buffer.of(1);
  t.call('write before the start', linux.pwrite(fd, byte, -1));
  t.call('read before the start', linux.pread(fd, byte, -1));
  for (const power of [31, 32, 33, 40, 43]) {
    t.call(`write at 2^${power} - 1`, linux.pwrite(fd, Buffer.from('ab'), 2 ** power - 1));
    t.say('size', describe(linux.fstatx(fd)));
    t.call('read there', linux.pread(fd, byte, 2 ** power));
  }
  t.call('read beyond', linux.pread(fd, byte, 2 ** 45));
  t.call('truncate', linux.ftruncate(fd, 2 ** 42));
  t.say('size', describe(linux.fstatx(fd)));
  const reading = linux.open('f', O_RDONLY);
  t.call('write to one that reads', linux.write(reading, byte));
  t.call('ftruncate of one that reads', linux.ftruncate(reading, 0));
  const writing = linux.open('f', O_WRONLY);
  t.call('read of one that writes', linux.read(writing, byte));
  const folder = linux.open('.', O_RDONLY);
  t.call('read of a folder', linux.read(folder, byte));
  t.call('fsync of a folder', linux.fsync(folder));
  t.call('ftruncate of a folder', linux.ftruncate(folder, 0));
  const path = linux.open('f', flags.O_PATH);
  t.call('read of O_PATH', linux.read(path, byte));
  t.say('fstat of O_PATH', describe(linux.fstatx(path)));
  for (const one of [fd, reading, writing, folder, path]) linux.close(one);
}

function direct(t: Transcript): void {
  const buffer = mapFile(linux.open('/dev/zero', O_RDWR), 0, 65_536, {
    write: true,
    private: true,
  });
  if (typeof buffer === 'number') throw new Error('no memory');
  buffer.bytes.fill(3);
  const fd = linux.open('f', O_CREAT | O_RDWR | constants.O_DIRECT, 0o644);
  t.say('open', fd < 0 ? errnoName(fd) : 'opened');
  t.call('write', linux.pwrite(fd, buffer.bytes, 0));
  t.call('read', linux.pread(fd, buffer.bytes, 4096));
  t.call('read at the end', linux.pread(fd, buffer.bytes, 65_536));
  const cached = linux.open('f', O_RDWR);
  linux.pwrite(cached, Buffer.from('through the cache'), 0);
  t.call('read again', linux.pread(fd, buffer.bytes.subarray(0, 4096), 0));
  t.say('bytes', buffer.bytes.toString('latin1', 0, 17));
  buffer.bytes.fill(66);
  linux.pwrite(fd, buffer.bytes.subarray(0, 4096), 0);
  const back = Buffer.alloc(4);
  linux.pread(cached, back, 0);
  t.say('seen through the cache', back.toString());
  linux.close(fd);
  linux.close(cached);
  buffer.unmap();
}

function mappings(t: Transcript): void {
  const sparse = made('sparse');
  linux.ftruncate(sparse, 1 << 20);
  const page = mapFile(sparse, 65_536, 65_536, { write: true });
  if (typeof page === 'number') throw new Error('no mapping');
  page.bytes[40_000] = 1;
  t.say('data in a mapping', linux.lseek(sparse, 0, flags.SEEK_DATA));
  page.unmap();
  linux.close(sparse);
  const fd = made('f');
  linux.pwrite(fd, Buffer.from('first words of the file'), 0);
  const shared = mapFile(fd, 0, 4096, { write: true });
  const other = mapFile(fd, 0, 4096, { private: true, write: true });
  if (typeof shared === 'number' || typeof other === 'number') throw new Error('no mapping');
  shared.bytes.write('FIRST');
  const bytes = Buffer.alloc(30);
  t.call('read', linux.pread(fd, bytes, 0));
  t.say('bytes', bytes.toString('latin1', 0, 23));
  linux.pwrite(fd, Buffer.from('WORDS'), 6);
  t.say('mapping sees', shared.bytes.toString('latin1', 0, 23));
  other.bytes.write('private');
  t.say('private stays so', shared.bytes.toString('latin1', 0, 23));
  t.say(
    'after the end are zeros',
    shared.bytes.subarray(23).every((byte) => byte === 0),
  );
  t.call('msync', shared.sync());
  t.say('size', describe(linux.fstatx(fd)));
  tick();
  const before = linux.fstatx(fd);
  shared.bytes.write('again');
  shared.sync();
  const after = linux.fstatx(fd);
  if (typeof before === 'number' || typeof after === 'number') throw new Error('no stat');
  t.say('a mapped write changes mtime', before.mtimeNs !== after.mtimeNs);
  linux.close(fd);
  shared.bytes.write('late!');
  shared.unmap();
  other.unmap();
  const again = linux.open('f', O_RDONLY);
  linux.pread(again, bytes, 0);
  t.say('bytes', bytes.toString('latin1', 0, 23));
  const readOnly = mapFile(again, 0, 4096, { write: true });
  t.say(
    'mapping to write of one that reads',
    typeof readOnly === 'number' ? errnoName(readOnly) : 'done',
  );
  linux.close(again);
}

/** struct flock: type, whence, start, length, pid. */
function lockOf(type: number, start: number, lengthBytes: number): Buffer {
  const raw = Buffer.alloc(32);
  raw.writeInt16LE(type, 0);
  raw.writeBigInt64LE(BigInt(start), 8);
  raw.writeBigInt64LE(BigInt(lengthBytes), 16);
  return raw;
}
const F_GETLK = 5;
const F_SETLK = 6;
const F_OFD_SETLK = 37;
const [F_RDLCK, F_WRLCK, F_UNLCK] = [0, 1, 2] as const;

/** How the kernel answers another process that tries to lock bytes 10 to 19. */
function otherTries(how: 'posix' | 'flock'): string {
  const code =
    how === 'flock'
      ? 'import fcntl;f=open("f","r+");fcntl.flock(f,fcntl.LOCK_EX|fcntl.LOCK_NB)'
      : 'import fcntl;f=open("f","r+");fcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB,10,10)';
  const script = `try:\n exec('${code}');print("locked")\nexcept OSError as e:\n print(e.errno)`;
  return spawnSync('python3', ['-c', script]).stdout.toString().trim();
}

function locks(t: Transcript): void {
  makeFile('f', 0o644, 'x'.repeat(100));
  const fd = linux.open('f', O_RDWR);
  t.say('nothing is locked', otherTries('posix'));
  t.call('lock', linux.fcntlLock(fd, F_SETLK, lockOf(F_WRLCK, 0, 50)));
  t.say('the other', otherTries('posix'));
  t.say('the other by flock', otherTries('flock'));
  t.call('unlock a part', linux.fcntlLock(fd, F_SETLK, lockOf(F_UNLCK, 5, 20)));
  t.say('the other', otherTries('posix'));
  t.call('read lock', linux.fcntlLock(fd, F_SETLK, lockOf(F_RDLCK, 0, 0)));
  t.say('the other', otherTries('posix'));
  const asked = lockOf(F_WRLCK, 0, 0);
  t.call('get', linux.fcntlLock(fd, F_GETLK, asked));
  t.say('is free for itself', asked.readInt16LE(0));
  const second = linux.open('f', O_RDWR);
  linux.close(second);
  t.say('closing any descriptor unlocks', otherTries('posix'));
  t.call('lock of an open file', linux.fcntlLock(fd, F_OFD_SETLK, lockOf(F_WRLCK, 0, 0)));
  t.say('the other', otherTries('posix'));
  t.call('flock', linux.flock(fd, flags.LOCK_EX));
  t.say('the other by flock', otherTries('flock'));
  t.call('flock shared', linux.flock(fd, flags.LOCK_SH));
  t.say('the other by flock', otherTries('flock'));
  const third = linux.open('f', O_RDWR);
  t.call('flock by another open', linux.flock(third, flags.LOCK_EX | flags.LOCK_NB));
  t.call('flock shared by another open', linux.flock(third, flags.LOCK_SH | flags.LOCK_NB));
  linux.close(fd);
  linux.close(third);
  t.say('closed, the other', `${otherTries('posix')} ${otherTries('flock')}`);
  const reading = linux.open('f', O_RDONLY);
  t.call('write lock of one that reads', linux.fcntlLock(reading, F_SETLK, lockOf(F_WRLCK, 0, 0)));
  linux.close(reading);
}

/** 'ran', or the reason why a program of the working directory could not run. */
function runs(name: string): string {
  const error = spawnSync(resolve(name)).error as NodeJS.ErrnoException | undefined;
  return error === undefined ? 'ran' : (error.code ?? error.message);
}

function programs(t: Transcript): void {
  copyFileSync('/bin/sleep', 'sleep');
  linux.chmod('sleep', 0o755);
  const child = spawn(resolve('sleep'), ['10'], { stdio: 'ignore' });
  t.say('a program runs', child.pid !== undefined);
  for (let wait = 0; wait < 4; wait++) tick();
  t.opens('open to write', linux.open('sleep', O_WRONLY));
  t.say('truncate', answerText(linux.truncate('sleep', 10)));
  t.call('unlink', linux.unlink('sleep'));
  child.kill('SIGKILL');
  copyFileSync('/bin/true', 'true');
  linux.chmod('true', 0o755);
  const writing = linux.open('true', O_WRONLY);
  t.say('run while it is written', runs('true'));
  linux.close(writing);
  linux.chmod('true', 0o644);
  t.say('run without x', runs('true'));
}

export const dataScenarios: readonly Scenario[] = [
  ['holes', holes],
  ['fallocate', allocations],
  ['copy_file_range', copies],
  ['offsets', offsets],
  ['O_DIRECT', direct],
  ['mappings', mappings],
  ['locks', locks],
  ['programs', programs],
];

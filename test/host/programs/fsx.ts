/**
 * fsx, the "file system exerciser", written anew: random operations on one file, each compared to
 * the byte with a model in memory. It looks for the faults that Apple's and Linux's fsx look for:
 * data that a write, a truncation, a hole, a mapping or a cache lost or brought back.
 *
 *     node fsx.ts FILE [--seed N] [--ops N] [--max-bytes N] [--stripe I/N] [--no NAME,...]
 *
 * With --stripe several processes share a file. Each changes and checks only every N-th stripe, of
 * odd length, so that a page belongs to several processes; the file's size stays. Ends with 0 and a
 * line, or with 1, the first wrong byte and the last operations.
 */
import { constants } from 'node:fs';
import { parseArgs } from 'node:util';
import { errnoName, flags, linux, mapFile, must } from '../../support/native/fuse-libc.ts';
import { Random } from '../../support/random.ts';
import { ModelFile } from '../../support/workload/model-file.ts';

const { O_APPEND, O_CREAT, O_DIRECT, O_RDWR, O_TRUNC } = constants;
const pageBytes = 4096;
/** Odd, and not a divisor of a page. */
const stripeBytes = 1777;
const maxOperationBytes = 65_536;
const shownOperations = 40;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    ops: { type: 'string', default: '2000' },
    'max-bytes': { type: 'string', default: '262144' },
    stripe: { type: 'string' },
    no: { type: 'string', default: '' },
  },
});
const file = positionals[0];
if (file === undefined) throw new Error('fsx: which file?');
const seed = Number(values.seed);
const random = new Random(seed);
const maxBytes = Number(values['max-bytes']);
const [stripe, stripes] = (values.stripe ?? '0/1').split('/').map(Number) as [number, number];
const shared = values.stripe !== undefined;
const model = new ModelFile();
const log: string[] = [];

let fd = must(linux.open(file, O_RDWR | O_CREAT | (shared ? 0 : O_TRUNC), 0o644), file);
if (shared) {
  model.truncate(maxBytes);
  must(linux.ftruncate(fd, maxBytes), 'ftruncate');
}

function fail(what: string): never {
  const last = log.slice(-shownOperations).join('\n  ');
  process.stdout.write(`fsx: seed ${seed}, operation ${log.length}: ${what}\n  ${last}\n`);
  process.exit(1);
}

/**
 * A part of the file that this process may change and check: inside one stripe, if there are any.
 */
function place(limitBytes: number, longestBytes = maxOperationBytes): [number, number] {
  if (shared) {
    const count = Math.floor(maxBytes / stripeBytes / stripes);
    const start = (random.below(count) * stripes + stripe) * stripeBytes;
    const at = start + random.below(stripeBytes - 1);
    return [at, random.between(1, start + stripeBytes - at)];
  }
  const at = random.below(Math.max(limitBytes, 1));
  const max = Math.max(1, Math.min(longestBytes, limitBytes - at));
  // Short ranges as often as long ones: their ends share pages with others.
  const length = random.chance(0.3)
    ? random.between(1, Math.min(max, 300))
    : random.between(1, max);
  return [at, length];
}

function compare(what: string, got: Uint8Array, at: number): void {
  const wanted = model.slice(at, got.length);
  if (got.length !== wanted.length)
    fail(`${what} at ${at}: ${got.length} bytes, not ${wanted.length}`);
  if (wanted.equals(got)) return;
  const first = wanted.findIndex((byte, index) => byte !== got[index]);
  const hex = (bytes: Uint8Array): string =>
    Buffer.from(bytes.subarray(first, first + 16)).toString('hex');
  fail(`${what}: from byte ${at + first} (of ${model.size}) it is ${hex(got)}, not ${hex(wanted)}`);
}

function readAndJudge(at: number, length: number): void {
  const buffer = Buffer.alloc(length);
  const count = must(linux.pread(fd, buffer, at), 'pread');
  compare('read', buffer.subarray(0, count), at);
  if (at + count < Math.min(at + length, model.size)) fail(`read at ${at} was short: ${count}`);
}

/** Writes all bytes; a short write is a failure, as there is room. */
function writeAll(from: Uint8Array, at: number): void {
  const count = must(linux.pwrite(fd, from, at), 'pwrite');
  if (count !== from.length) fail(`write at ${at} was short: ${count} of ${from.length}`);
}

function judgeSize(): void {
  const seen = linux.fstatx(fd);
  if (typeof seen === 'number') fail(`statx: ${errnoName(seen)}`);
  if (seen.sizeBytes !== model.size) fail(`the size is ${seen.sizeBytes}, not ${model.size}`);
}

/** Operations that a file system may refuse, by their names for --no. */
const refused = new Set<string>();
function accepted(name: string, answer: number): boolean {
  if (answer >= 0) return true;
  const error = errnoName(answer);
  if (error !== 'EOPNOTSUPP') fail(`${name}: ${error}`);
  refused.add(name);
  return false;
}

const blockAligned = (value: number): number => value - (value % pageBytes);

function mapped(
  write: boolean,
  use: (bytes: Buffer, start: number) => void,
  at: number,
  end: number,
) {
  const start = blockAligned(at);
  const mapping = mapFile(fd, start, end - start, { write });
  if (typeof mapping === 'number') fail(`mmap: ${errnoName(mapping)}`);
  use(mapping.bytes, start);
  if (write && random.chance(0.3)) must(mapping.sync(), 'msync');
  mapping.unmap();
}

function copyRange(): void {
  const [from, length] = place(model.size);
  const to = random.below(Math.max(1, maxBytes - length));
  if (from + length > model.size || (from < to + length && to < from + length)) return;
  log.push(`copy_file_range ${from} ${length} to ${to}`);
  const piece = model.slice(from, length);
  const count = linux.copyFileRange(fd, from, fd, to, length);
  if (!accepted('copy', count)) return;
  model.write(to, piece.subarray(0, count));
}

function allocate(
  name: string,
  mode: number,
  align: boolean,
  change: (at: number, length: number) => void,
) {
  let [at, length] = place(maxBytes);
  if (align) {
    at = blockAligned(at);
    length = Math.max(pageBytes, blockAligned(length));
  }
  if (name === 'collapse' && at + length >= model.size) return;
  if (name === 'insert' && (at >= model.size || model.size + length > maxBytes)) return;
  log.push(`${name} ${at} ${length}`);
  if (accepted(name, linux.fallocate(fd, mode, at, length))) change(at, length);
}

/** Checks that what SEEK_DATA calls a hole is zero, to the file's end. */
function judgeHoles(): void {
  log.push('seek holes');
  for (let at = 0; at < model.size; ) {
    const data = linux.lseek(fd, at, flags.SEEK_DATA);
    const end = data < 0 && errnoName(data) === 'ENXIO' ? model.size : must(data, 'SEEK_DATA');
    if (model.slice(at, end - at).some((byte) => byte !== 0)) fail(`data in the hole at ${at}`);
    if (end >= model.size) return;
    at = must(linux.lseek(fd, end, flags.SEEK_HOLE), 'SEEK_HOLE');
    if (at < end) fail(`SEEK_HOLE from ${end} goes back to ${at}`);
    // ext4 with blocks smaller than a page may call an allocated, unwritten place both.
    if (at === end) at += 1;
  }
}

function reopen(openFlags: number): void {
  must(linux.close(fd), 'close');
  fd = must(linux.open(file as string, openFlags), 'open');
}

function direct(): void {
  const start = blockAligned(random.below(Math.max(1, maxBytes - pageBytes)));
  const length = pageBytes * random.between(1, 8);
  // O_DIRECT needs aligned memory; a mapping of the file itself would be a second thing to check.
  const scratch = mapFile(zeroFd, 0, length, { write: true, private: true });
  if (typeof scratch === 'number') fail(`mmap of /dev/zero: ${errnoName(scratch)}`);
  reopen(O_RDWR | O_DIRECT);
  if (random.chance(0.5)) {
    log.push(`direct write ${start} ${length}`);
    scratch.bytes.set(random.bytes(length));
    writeAll(scratch.bytes, start);
    model.write(start, Buffer.from(scratch.bytes));
  } else {
    log.push(`direct read ${start} ${length}`);
    const count = must(linux.pread(fd, scratch.bytes, start), 'pread');
    compare('direct read', scratch.bytes.subarray(0, count), start);
  }
  reopen(O_RDWR);
  scratch.unmap();
}
const zeroFd = must(linux.open('/dev/zero', O_RDWR), '/dev/zero');

interface Operation {
  readonly name: string;
  /** How often it runs, in relation to the others. */
  readonly weight: number;
  /** Whether it keeps to one stripe. */
  readonly striped?: true;
  readonly run: () => void;
}

const { FALLOC_KEEP_SIZE: KEEP, FALLOC_PUNCH_HOLE: PUNCH, FALLOC_ZERO_RANGE: ZERO } = flags;

const dataOperations: readonly Operation[] = [
  {
    ...{ name: 'read', weight: 10, striped: true },
    run() {
      const [at, length] = place(model.size);
      log.push(`read ${at} ${length}`);
      readAndJudge(at, length);
    },
  },
  {
    ...{ name: 'write', weight: 10, striped: true },
    run() {
      const [at, length] = place(maxBytes);
      log.push(`write ${at} ${length}`);
      const bytes = random.bytes(length);
      writeAll(bytes, at);
      model.write(at, bytes);
    },
  },
  {
    ...{ name: 'mapread', weight: 5, striped: true },
    run() {
      const [at, length] = place(model.size);
      const end = Math.min(at + length, model.size);
      if (end <= at) return;
      log.push(`mapread ${at} ${end - at}`);
      mapped(false, (bytes, start) => compare('mapread', bytes.subarray(at - start), at), at, end);
    },
  },
  {
    ...{ name: 'mapwrite', weight: 5, striped: true },
    run() {
      const [at, length] = place(maxBytes);
      // A mapping ends with the file, so the file must be long enough before.
      if (at + length > model.size) {
        if (shared) return;
        must(linux.ftruncate(fd, at + length), 'ftruncate');
        model.truncate(at + length);
      }
      log.push(`mapwrite ${at} ${length}`);
      const data = random.bytes(length);
      mapped(true, (bytes, start) => bytes.set(data, at - start), at, at + length);
      model.write(at, data);
    },
  },
  { name: 'copy', weight: 2, run: copyRange },
  { name: 'direct', weight: 2, run: direct },
  {
    ...{ name: 'append', weight: 2 },
    run() {
      const length = random.between(1, 9000);
      if (model.size + length > maxBytes) return;
      log.push(`append ${length}`);
      reopen(O_RDWR | O_APPEND);
      const bytes = random.bytes(length);
      // O_APPEND ignores the offset: pwrite(2), BUGS.
      writeAll(bytes, 0);
      model.write(model.size, bytes);
      reopen(O_RDWR);
    },
  },
];

const sizeOperations: readonly Operation[] = [
  {
    ...{ name: 'truncate', weight: 4 },
    run() {
      const size = random.below(maxBytes);
      log.push(`truncate ${size} (was ${model.size})`);
      const byPath = random.chance(0.3);
      must(byPath ? linux.truncate(file, size) : linux.ftruncate(fd, size), 'truncate');
      model.truncate(size);
    },
  },
  {
    ...{ name: 'punch', weight: 3, striped: true },
    run: () => allocate('punch', PUNCH | KEEP, false, (at, length) => model.zero(at, length)),
  },
  {
    ...{ name: 'zero', weight: 2 },
    run: () =>
      allocate('zero', ZERO, false, (at, length) => {
        if (at + length > model.size) model.truncate(at + length);
        model.zero(at, length);
      }),
  },
  {
    ...{ name: 'zerokeep', weight: 1 },
    run: () => allocate('zerokeep', ZERO | KEEP, false, (at, length) => model.zero(at, length)),
  },
  {
    ...{ name: 'allocate', weight: 2 },
    run: () =>
      allocate('allocate', 0, false, (at, length) => {
        if (at + length > model.size) model.truncate(at + length);
      }),
  },
  {
    ...{ name: 'allocatekeep', weight: 1 },
    run: () => allocate('allocatekeep', KEEP, false, () => undefined),
  },
  {
    ...{ name: 'collapse', weight: 1 },
    run: () =>
      allocate('collapse', flags.FALLOC_COLLAPSE_RANGE, true, (at, n) => model.collapse(at, n)),
  },
  {
    ...{ name: 'insert', weight: 1 },
    run: () => allocate('insert', flags.FALLOC_INSERT_RANGE, true, (at, n) => model.insert(at, n)),
  },
];

const otherOperations: readonly Operation[] = [
  { name: 'holes', weight: 1, run: judgeHoles },
  {
    ...{ name: 'sync', weight: 1, striped: true },
    run() {
      log.push('fsync');
      must(random.chance(0.5) ? linux.fsync(fd) : linux.fdatasync(fd), 'fsync');
    },
  },
  {
    ...{ name: 'forget', weight: 1, striped: true },
    run() {
      log.push('fsync, and the host forgets the pages');
      must(linux.fsync(fd), 'fsync');
      must(linux.forgetPages(fd), 'fadvise');
    },
  },
  {
    ...{ name: 'reopen', weight: 1, striped: true },
    run() {
      log.push('close and open');
      reopen(O_RDWR);
      judgeSize();
    },
  },
];

const without = values.no.split(',');
const table = [...dataOperations, ...sizeOperations, ...otherOperations].filter(
  ({ name, striped }) => !without.includes(name) && (!shared || striped === true),
);
const choices = table.flatMap(
  (operation) => Array(operation.weight).fill(operation) as Operation[],
);

for (let count = Number(values.ops); count > 0; count--) {
  const operation = random.pick(choices);
  if (refused.has(operation.name)) continue;
  operation.run();
  if (!shared) judgeSize();
}
if (shared) {
  for (
    let start = stripe * stripeBytes;
    start + stripeBytes <= maxBytes;
    start += stripes * stripeBytes
  )
    readAndJudge(start, stripeBytes);
} else {
  readAndJudge(0, model.size + 1);
}
const not = refused.size === 0 ? '' : `, without ${[...refused].join(' ')}`;
process.stdout.write(`fsx: seed ${seed}: ${log.length} operations${not}\n`);

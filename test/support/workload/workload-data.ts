/** Random calls on open files: the data's half of a workload. */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../../../src/vfs-linux/abi.gen.ts';
import type { FileNode } from './model-tree.ts';
import type { OpenFile, Step, Workload } from './workload.ts';
import { expectBytes, expectSame, Mismatch } from './workload.ts';

const name = (file: OpenFile): string => `fd ${file.fd} (${file.node.file.size} bytes)`;

/** Offsets often fall on the borders, and next to the borders, of blocks and pages. */
function offsetIn(load: Workload, most: number): number {
  const { random } = load;
  const offset = random.below(Math.max(most, 1));
  if (random.chance(0.4)) return offset & ~4095;
  if (random.chance(0.2)) return Math.max(0, (offset & ~4095) - 1);
  return offset;
}

function lengthFor(load: Workload): number {
  const { random } = load;
  const most = random.pick([16, 512, 5000, 20_000, 20_000, 150_000]);
  return random.chance(0.3) ? 4096 * random.between(1, 8) : random.between(1, most);
}

export function planWrite(load: Workload, file: OpenFile): Step {
  const { node } = file;
  const wanted = load.random.chance(0.5)
    ? offsetIn(load, node.file.size)
    : offsetIn(load, load.can.fileBytes / 2);
  const data = load.random.bytes(lengthFor(load));
  const text = `pwrite(${name(file)}, ${data.length} at ${wanted}${file.append ? ', append' : ''})`;
  // pwrite(2), BUGS: O_APPEND appends whatever the offset.
  const offset = file.append ? node.file.size : wanted;
  if (offset + data.length > load.can.fileBytes) return planTruncate(load, file);
  node.file.write(offset, data);
  node.mtime = undefined;
  return load.step(text, data.length, (calls) => calls.pwrite(file.fd, data, wanted));
}

export function planRead(load: Workload, file: OpenFile): Step {
  const { node } = file;
  const offset = offsetIn(load, node.file.size + 5000);
  const expected = node.file.slice(offset, lengthFor(load) * 2);
  const asked = load.random.chance(0.5) ? expected.length : expected.length + 100;
  const text = `pread(${name(file)}, ${asked} at ${offset})`;
  const atEnd = offset + expected.length >= node.file.size;
  const wanted = atEnd ? asked : expected.length;
  return {
    text,
    run: async (calls) => {
      const buffer = Buffer.alloc(wanted, 0xee);
      const got = await calls.pread(file.fd, buffer, offset);
      expectSame(text, got, expected.length);
      expectBytes(text, buffer.subarray(0, got), expected);
    },
  };
}

export function planTruncate(load: Workload, file: OpenFile): Step {
  const { node } = file;
  const { random } = load;
  const most = random.chance(0.7) ? node.file.size : load.can.fileBytes;
  const size = offsetIn(load, most + 1);
  const text = `ftruncate(${name(file)}, ${size})`;
  node.file.truncate(size);
  node.mtime = undefined;
  return load.step(text, 0, (calls) => calls.ftruncate(file.fd, size));
}

const { FALLOC_FL_PUNCH_HOLE: punch, FALLOC_FL_ZERO_RANGE: zero } = abi;
const { FALLOC_FL_COLLAPSE_RANGE: collapse, FALLOC_FL_INSERT_RANGE: insert } = abi;
const keepSize = abi.FALLOC_FL_KEEP_SIZE;
const fallocateModes = [0, keepSize, punch | keepSize, zero, zero | keepSize, collapse, insert];

export function planFallocate(load: Workload, file: OpenFile): Step {
  const { random, can } = load;
  const { node } = file;
  if (can.fallocate === undefined) return planTruncate(load, file);
  const mode = random.pick(fallocateModes);
  const shifts = mode === collapse || mode === insert;
  const unit = shifts && random.chance(0.9) ? can.allocationBytes : 1;
  const within = random.chance(0.8) ? node.file.size : can.fileBytes;
  const offset = Math.floor(offsetIn(load, within) / unit) * unit;
  const length = Math.ceil(lengthFor(load) / unit) * unit;
  const text = `fallocate(${name(file)}, ${mode}, ${length} at ${offset})`;
  if (offset + length > can.fileBytes || node.file.size + length > can.fileBytes) {
    return planTruncate(load, file);
  }
  const expected = fallocate(load, node, mode, offset, length);
  return load.step(text, expected, (calls) => calls.fallocate(file.fd, mode, offset, length));
}

function fallocate(
  load: Workload,
  node: FileNode,
  mode: number,
  offset: number,
  length: number,
): number {
  const { file } = node;
  const { fallocate: known, allocationBytes } = load.can;
  if (known?.includes(mode & ~keepSize) !== true) return -errno.EOPNOTSUPP;
  if (mode === collapse || mode === insert) {
    if (offset % allocationBytes !== 0 || length % allocationBytes !== 0) return -errno.EINVAL;
    const end = mode === collapse ? offset + length : offset;
    if (end >= file.size) return -errno.EINVAL;
  }
  node.mtime = undefined;
  if (mode === collapse) file.collapse(offset, length);
  else if (mode === insert) file.insert(offset, length);
  else {
    if ((mode & (punch | zero)) !== 0) file.zero(offset, length);
    if ((mode & keepSize) === 0) file.truncate(Math.max(file.size, offset + length));
  }
  return 0;
}

/** Another open file than this one; undefined where there is none. */
function other(load: Workload, file: OpenFile): OpenFile | undefined {
  const others = load.open.filter((one) => one.node !== file.node);
  return others.length === 0 ? undefined : load.random.pick(others);
}

/**
 * A short count is allowed (XFS and btrfs clone whole blocks first): the rest is asked for again.
 */
export function planCopyRange(load: Workload, to: OpenFile): Step {
  const from = other(load, to);
  if (from === undefined || to.append) return planRead(load, to);
  const source = from.node.file;
  const fromOffset = offsetIn(load, source.size + 1000);
  const toOffset = offsetIn(load, to.node.file.size + 5000);
  const wanted = lengthFor(load) * 3;
  const data = source.slice(fromOffset, wanted);
  const text = `copy_file_range(${name(from)} ${fromOffset}, ${name(to)} ${toOffset}, ${wanted})`;
  if (toOffset + data.length > load.can.fileBytes) return planTruncate(load, to);
  const { copyRefusal } = load.can;
  if (copyRefusal !== 0 && data.length > 0) {
    return load.step(text, copyRefusal, (calls) =>
      calls.copyFileRange(
        { fd: from.fd, offsetBytes: fromOffset },
        { fd: to.fd, offsetBytes: toOffset },
        wanted,
      ),
    );
  }
  to.node.file.write(toOffset, data);
  to.node.mtime = undefined;
  return {
    text,
    run: async (calls) => {
      let done = 0;
      for (;;) {
        const rest = wanted - done;
        const source = { fd: from.fd, offsetBytes: fromOffset + done };
        const target = { fd: to.fd, offsetBytes: toOffset + done };
        const got = rest === 0 ? 0 : await calls.copyFileRange(source, target, rest);
        if (got < 0) throw new Mismatch(`${text} answered ${got} after ${done} bytes`);
        done += got;
        if (got === 0) break;
      }
      expectSame(text, done, data.length);
    },
  };
}

/**
 * fs/remap_range.c: nothing is cloned into an O_APPEND file, and a last part of a block goes only
 * over a file's end.
 */
export function planClone(load: Workload, to: OpenFile): Step {
  const from = other(load, to);
  const unit = load.can.cloneBytes;
  if (from === undefined) return planRead(load, to);
  const source = from.node.file;
  const text = `FICLONE(${name(from)} to ${name(to)})`;
  let expected = 0;
  if (to.append) expected = -errno.EBADF;
  else if (unit === 0) expected = -errno.EOPNOTSUPP;
  else if (source.size % unit !== 0 && to.node.file.size > source.size) expected = -errno.EINVAL;
  else if (source.size > 0) {
    to.node.file.write(0, source.slice(0, source.size));
    to.node.mtime = undefined;
  }
  return load.step(text, expected, (calls) => calls.ioctlNumber(to.fd, abi.FICLONE, from.fd));
}

export function planSync(load: Workload, file: OpenFile): Step {
  const text = `fsync(${name(file)})`;
  return load.random.chance(0.5)
    ? load.step(text, 0, (calls) => calls.fsync(file.fd))
    : load.step(text, 0, (calls) => calls.fdatasync(file.fd));
}

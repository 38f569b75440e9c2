/**
 * Counts the inodes of an image that this machine's kernel does not mount, by the file system's own
 * tools: the proof that a tool has filled it. sload.f2fs, for one, ends with status 0 and an empty
 * file system where it was built without the compression it is asked for.
 */
import { run } from '../run-program.ts';

interface Counter {
  readonly argv: (image: string) => readonly string[];
  readonly count: (output: string) => number;
}

function field(output: string, pattern: RegExp): number {
  return Number(pattern.exec(output)?.[1] ?? Number.NaN);
}

const dumpe2fs: Counter = {
  argv: (image) => ['dumpe2fs', '-h', image],
  count: (output) =>
    field(output, /^Inode count:\s+(\d+)/m) - field(output, /^Free inodes:\s+(\d+)/m),
};

const counters: Readonly<Record<string, Counter>> = {
  ext2: dumpe2fs,
  ext3: dumpe2fs,
  ext4: dumpe2fs,
  xfs: {
    argv: (image) => ['xfs_db', '-r', '-c', 'sb 0', '-c', 'print icount ifree', image],
    count: (output) => field(output, /icount = (\d+)/) - field(output, /ifree = (\d+)/),
  },
  f2fs: {
    argv: (image) => ['fsck.f2fs', '--dry-run', image],
    count: (output) => field(output, /valid_inode_count.*\[(0x[0-9a-f]+)\]/),
  },
  iso9660: {
    argv: (image) => ['xorriso', '-indev', image, '-find', '/'],
    count: (output) => output.split('\n').filter((line) => line.startsWith("'/")).length,
  },
  // struct cramfs_super (include/uapi/linux/cramfs_fs.h): fsid.files is the word at byte 44.
  cramfs: {
    argv: (image) => ['od', '-A', 'n', '-t', 'u4', '-j', '44', '-N', '4', image],
    count: (output) => Number(output.trim()),
  },
};

/** Whether there is a way to count for this type of file system. */
export function countsInodes(type: string): boolean {
  return Object.hasOwn(counters, type);
}

/** The used inodes (entries, for ISO 9660) of an unmounted image; NaN where its tool says none. */
export async function inodeCount(image: string, type: string): Promise<number> {
  const counter = counters[type];
  if (counter === undefined) return Number.NaN;
  const result = await run(counter.argv(image));
  return counter.count(result.stdout.toString('utf8'));
}

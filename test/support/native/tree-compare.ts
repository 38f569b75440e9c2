/**
 * Is a tree what the model says? Asks a volume of fsbridge's, or this machine's own kernel, for
 * everything that can be seen of every file, and compares.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { abi } from '../../../src/vfs-linux/abi.gen.ts';
import type { LinuxCalls } from '../../../src/vfs-linux/calls.ts';
import { at } from '../../../src/vfs-linux/calls.ts';
import { type Errno, isErrno } from '../../../src/vfs-linux/errno.ts';
import type { Statx } from '../../../src/vfs-linux/statx.ts';
import type { ModelNode, ModelTree } from '../workload/model-tree.ts';
import { type Abilities, latin1, Mismatch, shorten } from '../workload/workload.ts';
import type { ManifestEntry } from './native-mount.ts';

/** What is seen of a file, by field; a field that the model does not have is not compared. */
type Seen = Readonly<Record<string, string | number>>;
/** By path, in latin1, the root is "". */
type SeenTree = Map<string, Seen>;

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const mtimeText = (time: { sec: number; nsec: number }): string =>
  `${time.sec}.${String(time.nsec).padStart(9, '0')}`;

function xattrText(xattrs: Iterable<readonly [string, Buffer]>): string {
  const rows = [...xattrs].map(([name, value]) => `${name}=${value.toString('base64')}`);
  return rows.sort().join(' ');
}

export function modelTree(tree: ModelTree, can: Abilities): SeenTree {
  const all: SeenTree = new Map();
  const visit = (path: string, node: ModelNode): void => {
    all.set(path, {
      type: node.kind,
      ...(can.modes ? { mode: node.mode, uid: node.uid, gid: node.gid } : {}),
      ...(node.kind === 'directory' ? {} : { nlink: node.nlink }),
      ...(node.mtime === undefined ? {} : { mtime: mtimeText(node.mtime) }),
      ...((can.xattrBytes ?? 0) > 0 ? { xattrs: xattrText(node.xattrs) } : {}),
      ...(node.kind === 'file' ? { size: node.file.size, sha256: sha256(node.file.bytes) } : {}),
      ...(node.kind === 'symlink' ? { target: node.target } : {}),
    });
    if (node.kind !== 'directory') return;
    for (const [name, child] of node.children) visit(`${path}/${name}`, child);
  };
  visit('', tree.root);
  return all;
}

const kinds: Readonly<Record<number, string>> = {
  [abi.S_IFREG]: 'file',
  [abi.S_IFDIR]: 'directory',
  [abi.S_IFLNK]: 'symlink',
};

function must<T>(answer: T | Errno, what: string): T {
  if (isErrno(answer)) throw new Mismatch(`${what} answered ${answer}`);
  return answer;
}

async function readXattrs(calls: LinuxCalls, path: Buffer): Promise<string> {
  const list = Buffer.alloc(65536);
  const length = await calls.listxattrat(at(abi.AT_FDCWD, path, abi.AT_SYMLINK_NOFOLLOW), list);
  if (length < 0) throw new Mismatch(`listxattr(${path}) answered ${length}`);
  const names = list.toString('latin1', 0, length).split('\0').slice(0, -1);
  const rows: [string, Buffer][] = [];
  for (const name of names) {
    const value = Buffer.alloc(65536);
    const nofollow = abi.AT_SYMLINK_NOFOLLOW;
    const got = await calls.getxattrat(at(abi.AT_FDCWD, path, nofollow), name, value);
    if (got < 0) throw new Mismatch(`getxattr(${path}, ${name}) answered ${got}`);
    rows.push([name, value.subarray(0, got)]);
  }
  return xattrText(rows);
}

/** The names in a directory. */
export async function listNames(calls: LinuxCalls, path: string): Promise<string[]> {
  const flags = abi.O_RDONLY | abi.O_DIRECTORY;
  const fd = await calls.openat2(abi.AT_FDCWD, path === '' ? '/' : latin1(path), flags);
  if (fd < 0) throw new Mismatch(`opening ${path} answered ${fd}`);
  const names: string[] = [];
  for (;;) {
    const entries = must(await calls.getdents64(fd), `getdents64(${path})`);
    if (entries.length === 0) break;
    for (const entry of entries) names.push(entry.name.toString('latin1'));
  }
  await calls.close(fd);
  return names;
}

/** A whole file. */
export async function readFile(calls: LinuxCalls, path: string, size: number): Promise<Buffer> {
  const fd = await calls.openat2(abi.AT_FDCWD, latin1(path), abi.O_RDONLY);
  if (fd < 0) throw new Mismatch(`opening ${path} answered ${fd}`);
  const bytes = Buffer.alloc(size);
  const got = size === 0 ? 0 : await calls.pread(fd, bytes, 0);
  await calls.close(fd);
  if (got !== size) throw new Mismatch(`reading ${path} answered ${got}, not ${size}`);
  return bytes;
}

async function look(calls: LinuxCalls, path: string, stat: Statx, xattrs: boolean): Promise<Seen> {
  const bytes = path === '' ? Buffer.from('/') : latin1(path);
  const link = stat.type === abi.S_IFLNK ? await calls.readlinkat(abi.AT_FDCWD, bytes) : 0;
  return {
    type: kinds[stat.type] ?? `type ${stat.type}`,
    ...{ mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, nlink: stat.nlink },
    mtime: mtimeText(stat.mtime),
    ...(xattrs ? { xattrs: await readXattrs(calls, bytes) } : {}),
    ...(stat.type === abi.S_IFREG
      ? { size: stat.size, sha256: sha256(await readFile(calls, path, stat.size)) }
      : {}),
    ...(typeof link === 'number' ? {} : { target: link.toString('latin1') }),
  };
}

/** The tree as fsbridge sees it, without the names of the root that mkfs made. */
export async function volumeTree(
  calls: LinuxCalls,
  can: Abilities,
  ignored: readonly string[],
): Promise<SeenTree> {
  const all: SeenTree = new Map();
  const visit = async (path: string): Promise<void> => {
    const at = path === '' ? '/' : latin1(path);
    const answer = await calls.statx(abi.AT_FDCWD, at, abi.AT_SYMLINK_NOFOLLOW);
    const stat = must(answer, `lstat(${path})`);
    all.set(path, await look(calls, path, stat, (can.xattrBytes ?? 0) > 0));
    if (stat.type !== abi.S_IFDIR) return;
    const names = await listNames(calls, path);
    if (new Set(names).size !== names.length) throw new Mismatch(`${path}/ has a name twice`);
    const wanted = names.filter((name) => path !== '' || !ignored.includes(name));
    await Promise.all(wanted.map((name) => visit(`${path}/${name}`)));
  };
  await visit('');
  return all;
}

/** The tree as this machine's own kernel sees it (nativeManifest with `hash`). */
export function nativeTree(
  manifest: readonly ManifestEntry[],
  ignored: readonly string[],
): SeenTree {
  const all: SeenTree = new Map();
  const text = (utf8: string | undefined, base64: string | undefined): string =>
    (utf8 === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(utf8, 'utf8')).toString(
      'latin1',
    );
  for (const entry of manifest) {
    const full = text(entry.path, entry.path64);
    const path = full === '/' ? '' : full;
    if (ignored.includes(path.split('/')[1] ?? '')) continue;
    if (entry.error !== undefined) throw new Mismatch(`natively, ${path}: ${entry.error}`);
    const { type = '', mode = 0, uid = 0, gid = 0, nlink = 0, size, mtime = '' } = entry;
    const xattrs = Object.entries(entry.xattrs ?? {}).map(
      ([name, value]) => [name, Buffer.from(value, 'base64')] as const,
    );
    all.set(path, {
      ...{ type, mode, uid, gid, nlink, mtime, xattrs: xattrText(xattrs) },
      ...(size === undefined ? {} : { size }),
      ...(entry.sha256 === undefined ? {} : { sha256: entry.sha256 }),
      ...(type === 'symlink' ? { target: text(entry.target, entry.target64) } : {}),
    });
  }
  return all;
}

/** Every difference, a line each; none where the trees are the same. */
export function differences(expected: SeenTree, got: SeenTree): string[] {
  const lines: string[] = [];
  for (const path of got.keys()) if (!expected.has(path)) lines.push(`${path} should not be there`);
  for (const [path, wish] of expected) {
    const seen = got.get(path);
    if (seen === undefined) {
      lines.push(`${path} is missing`);
      continue;
    }
    for (const [field, value] of Object.entries(wish)) {
      if (seen[field] !== value) lines.push(`${path}: ${field} ${seen[field]}, not ${value}`);
    }
  }
  return lines.map((line) => shorten(line).slice(0, 300)).slice(0, 20);
}

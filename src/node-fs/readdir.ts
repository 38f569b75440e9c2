/**
 * fs.readdir: the names of a directory or of a tree, sorted by their bytes as libuv's scandir does.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Fd } from '../vfs-linux/calls.ts';
import type { Dirent64 } from '../vfs-linux/dirents.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import type { PathLike } from '../vfs-linux/names.ts';
import { type EntryPath, pathOf } from '../vfs-linux/tree/place.ts';
import { readSorted, sortEntries } from '../vfs-linux/tree/read-directory.ts';
import { walk } from '../vfs-linux/tree/walk.ts';
import { type EncodingOptions, type FsPath, type NameEncoding, nameAs } from './arguments.ts';
import type { FsContext } from './context.ts';
import { Dirent } from './dirent.ts';
import { decodeName, encodeName } from './escaped-names.ts';

export interface ReaddirOptions extends EncodingOptions {
  readonly withFileTypes?: boolean | undefined;
  /** The whole tree; symbolic links are not followed. */
  readonly recursive?: boolean | undefined;
}

type Listed = (string | Buffer)[] | Dirent<string | Buffer>[];

/** The path of a directory that a walk from `top` found; of `top` itself for undefined. */
export function pathBelow(top: PathLike, inside: EntryPath | undefined): Buffer {
  const names: PathLike[] = [];
  for (let at = inside; at !== undefined; at = at.above) names.push(at.name);
  const start: EntryPath = { name: top, above: undefined };
  return pathOf(names.reduceRight<EntryPath>((above, name) => ({ name, above }), start));
}

/** The path of a directory below the given one, as the caller sees it. */
export function parentPathOf(
  path: FsPath,
  inside: EntryPath | undefined,
  encoding: NameEncoding,
): string | Buffer {
  const given = typeof path === 'string' ? path : Buffer.from(path);
  if (inside === undefined) return given;
  const joined = pathBelow(encodeName(path), inside);
  return typeof path === 'string' && encoding !== 'buffer' ? decodeName(joined) : joined;
}

export function readdir(
  context: FsContext,
  path: FsPath,
  kernelPath: PathLike,
  options: ReaddirOptions,
): Promise<Listed> {
  const encoding = options.encoding ?? 'utf8';
  const flags = abi.O_RDONLY | abi.O_DIRECTORY;
  return context.withOpen(abi.AT_FDCWD, kernelPath, flags, async (fd) => {
    context.check(fd, 'scandir', kernelPath);
    if (options.recursive === true) return readTree(context, path, kernelPath, fd, options);
    const entries = context.found(await readSorted(context.calls, fd), 'scandir', kernelPath);
    if (options.withFileTypes !== true) return entries.map(({ name }) => nameAs(name, encoding));
    const parent = parentPathOf(path, undefined, encoding);
    return entries.map(({ name, type }) => new Dirent(nameAs(name, encoding), parent, type));
  });
}

interface Directory {
  readonly path: EntryPath | undefined;
  readonly entries: Dirent64[];
}

/** Lists a tree breadth first, as Node does. */
async function readTree(
  context: FsContext,
  path: FsPath,
  kernelPath: PathLike,
  fd: Fd,
  options: ReaddirOptions,
): Promise<Listed> {
  const encoding = options.encoding ?? 'utf8';
  const directories = new Map<string, Directory>();
  for await (const { path: inside, entries } of walk(context.calls, fd)) {
    if (isErrno(entries)) throw context.error(entries, 'scandir', pathBelow(kernelPath, inside));
    const key = pathOf(inside).toString('latin1');
    const known = directories.get(key);
    if (known === undefined) directories.set(key, { path: inside, entries: [...entries] });
    else known.entries.push(...entries);
  }
  const names: (string | Buffer)[] = [];
  const dirents: Dirent<string | Buffer>[] = [];
  const queue = [''];
  for (const prefix of queue) {
    const directory = directories.get(prefix);
    if (directory === undefined) continue;
    const parent = parentPathOf(path, directory.path, encoding);
    for (const { key, entry } of sortEntries(directory.entries)) {
      const { name, type } = entry;
      const inside = prefix === '' ? key : `${prefix}/${key}`;
      if (type === abi.DT_DIR) queue.push(inside);
      if (options.withFileTypes === true) {
        dirents.push(new Dirent(nameAs(name, encoding), parent, type));
      } else {
        names.push(nameAs(Buffer.from(inside, 'latin1'), encoding));
      }
    }
  }
  return options.withFileTypes === true ? dirents : names;
}

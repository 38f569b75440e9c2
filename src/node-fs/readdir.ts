/** fs.readdir: the names of a directory or of a tree, by name as bytes (libuv's scandir sorts). */
import { Buffer } from 'node:buffer';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Fd } from '../vfs-linux/calls.ts';
import type { Dirent64 } from '../vfs-linux/dirents.ts';
import type { PathLike } from '../vfs-linux/names.ts';
import { type EncodingOptions, type FsPath, type NameEncoding, nameAs } from './arguments.ts';
import type { FsContext } from './context.ts';
import { Dirent } from './dirent.ts';
import { decodeName, encodeName } from './escaped-names.ts';
import { type Place, pathOf } from './place.ts';
import { readSorted, walk } from './walk.ts';

export interface ReaddirOptions extends EncodingOptions {
  readonly withFileTypes?: boolean | undefined;
  /** The whole tree; symbolic links are not followed. */
  readonly recursive?: boolean | undefined;
}

type Listed = (string | Buffer)[] | Dirent<string | Buffer>[];

/** The place as seen from further up: below `path`. */
export function under(path: PathLike, place: Place | undefined): Place {
  const top: Place = { name: path, above: undefined };
  const names: PathLike[] = [];
  for (let at = place; at !== undefined; at = at.above) names.push(at.name);
  return names.reduceRight<Place>((above, name) => ({ name, above }), top);
}

/** The path that a directory below the one given has for the caller. */
export function parentPathOf(
  path: FsPath,
  place: Place | undefined,
  encoding: NameEncoding,
): string | Buffer {
  const given = typeof path === 'string' ? path : Buffer.from(path);
  if (place === undefined) return given;
  const joined = pathOf(under(encodeName(path), place));
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
    const entries = context.found(await readSorted(context, fd), 'scandir', kernelPath);
    if (options.withFileTypes !== true) return entries.map(({ name }) => nameAs(name, encoding));
    const parent = parentPathOf(path, undefined, encoding);
    return entries.map(({ name, type }) => new Dirent(nameAs(name, encoding), parent, type));
  });
}

interface Directory {
  readonly place: Place | undefined;
  readonly entries: Dirent64[];
}

/** Breadth first, as Node has it. */
async function readTree(
  context: FsContext,
  path: FsPath,
  kernelPath: PathLike,
  fd: Fd,
  options: ReaddirOptions,
): Promise<Listed> {
  const encoding = options.encoding ?? 'utf8';
  const fail = (ret: number, place: Place | undefined): Error =>
    context.error(ret, 'scandir', pathOf(under(kernelPath, place)));
  const directories = new Map<string, Directory>();
  for await (const { place, entries } of walk(context, fd, fail)) {
    const key = pathOf(place).toString('latin1');
    const known = directories.get(key);
    if (known === undefined) directories.set(key, { place, entries: [...entries] });
    else known.entries.push(...entries);
  }
  const names: (string | Buffer)[] = [];
  const dirents: Dirent<string | Buffer>[] = [];
  const queue = [''];
  for (const prefix of queue) {
    const directory = directories.get(prefix);
    if (directory === undefined) continue;
    const parent = parentPathOf(path, directory.place, encoding);
    for (const { key, entry } of sorted(directory.entries)) {
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

function sorted(entries: readonly Dirent64[]): { key: string; entry: Dirent64 }[] {
  return entries
    .map((entry) => ({ key: entry.name.toString('latin1'), entry }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

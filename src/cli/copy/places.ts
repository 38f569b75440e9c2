/**
 * Where a copy begins and where it goes, from the two paths of `get` and `put`. The rule is that of
 * `cp -a`: into the destination under the source's name if the destination is a directory, else as
 * the destination.
 *
 * A source without a name of its own ("/", ".", "..") is merged into the destination itself.
 */
import { Buffer } from 'node:buffer';
import { stat } from 'node:fs/promises';
import { abi } from '../../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../../vfs-linux/calls.ts';
import { isErrno } from '../../vfs-linux/errno.ts';
import { closePlace } from '../../vfs-linux/tree/place.ts';
import { findPlace } from '../volume-path.ts';
import type { HostFolder, HostSide } from './host-side.ts';

export interface CopyPlace<Folder> {
  readonly folder: Folder;
  readonly name: Buffer;
}

const slash = 0x2f;
const here: Buffer = Buffer.from('.');

function withoutSlashes(path: Buffer): Buffer {
  let end = path.length;
  while (end > 1 && path[end - 1] === slash) end--;
  return path.subarray(0, end);
}

/**
 * The folder and the name of a path of the host. The name is "." where the path has none of its
 * own.
 */
export function splitHostPath(path: Buffer): { readonly folder: Buffer; readonly name: Buffer } {
  // Windows takes either slash in a path, and no name contains one.
  const windows = process.platform === 'win32';
  const plain = windows ? Buffer.from(path.toString().replaceAll('\\', '/')) : path;
  const trimmed = withoutSlashes(plain);
  const cut = trimmed.lastIndexOf(slash);
  const name = trimmed.subarray(cut + 1);
  const text = name.toString('latin1');
  if (text === '' || text === '.' || text === '..') return { folder: trimmed, name: here };
  if (cut < 0) return { folder: here, name };
  return { folder: cut === 0 ? trimmed.subarray(0, 1) : trimmed.subarray(0, cut), name };
}

function isHere(name: Buffer): boolean {
  return name.equals(here);
}

export async function hostSource(side: HostSide, path: Buffer): Promise<CopyPlace<HostFolder>> {
  const { folder, name } = splitHostPath(path);
  return { folder: await side.openPath(folder), name };
}

async function isHostFolder(path: Buffer): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** Where on the host a copy of something named `sourceName` goes. */
export async function hostTarget(
  side: HostSide,
  path: Buffer,
  sourceName: Buffer,
): Promise<CopyPlace<HostFolder>> {
  if (await isHostFolder(path)) return { folder: await side.openPath(path), name: sourceName };
  const { folder, name } = splitHostPath(path);
  return { folder: await side.openPath(folder), name };
}

export async function volumeSource(calls: LinuxCalls, path: Buffer): Promise<CopyPlace<Fd>> {
  const { dirfd, name } = await findPlace(calls, path);
  return { folder: dirfd, name };
}

/** Where on the volume a copy of something named `sourceName` goes. */
export async function volumeTarget(
  calls: LinuxCalls,
  path: Buffer,
  sourceName: Buffer,
): Promise<CopyPlace<Fd>> {
  const place = await findPlace(calls, path);
  const itself = { folder: place.dirfd, name: place.name };
  if (isHere(sourceName)) return itself;
  const found = await calls.statx(place.dirfd, place.name);
  if (isErrno(found) || found.type !== abi.S_IFDIR) return itself;
  const inside = Buffer.concat([path, Buffer.from('/'), sourceName]);
  const { dirfd } = await findPlace(calls, inside);
  await closePlace(calls, place);
  return { folder: dirfd, name: sourceName };
}

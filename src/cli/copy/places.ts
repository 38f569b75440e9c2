/**
 * From the two paths of `get` and `put` to where the copy begins, as `cp -a` has it: into the
 * destination under the source's name where the destination is a directory, else as the
 * destination.
 *
 * A source without a name of its own ("/", ".", "..") is its content: it is merged into the
 * destination itself.
 */
import { Buffer } from 'node:buffer';
import { stat } from 'node:fs/promises';
import { abi } from '../../vfs-linux/abi.gen.ts';
import type { Volume } from '../../vfs-linux/volume.ts';
import { type OpenFd, openPlace, type Place } from '../volume-path.ts';
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

/** The folder and the name of a path of the host; "." as the name where it has none of its own. */
export function splitHostPath(path: Buffer): { readonly folder: Buffer; readonly name: Buffer } {
  // Windows writes paths with either slash; a name there contains neither.
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

export async function volumeSource(volume: Volume, path: Buffer): Promise<CopyPlace<OpenFd>> {
  const place: Place = await openPlace(volume, path);
  return { folder: place, name: place.name };
}

/** Where on the volume a copy of something named `sourceName` goes. */
export async function volumeTarget(
  volume: Volume,
  path: Buffer,
  sourceName: Buffer,
): Promise<CopyPlace<OpenFd>> {
  const place = await openPlace(volume, path);
  if (isHere(sourceName)) return { folder: place, name: place.name };
  const found = await volume.calls.statx(place.fd, place.name);
  const isFolder = typeof found !== 'number' && found.type === abi.S_IFDIR;
  if (!isFolder) return { folder: place, name: place.name };
  const inside = await openPlace(volume, Buffer.concat([path, Buffer.from('/'), sourceName]));
  await place.close();
  return { folder: inside, name: sourceName };
}

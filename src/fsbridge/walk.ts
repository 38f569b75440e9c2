/**
 * From a path to an inode. A Windows path is walked name by name: each is translated, looked up in
 * its directory by an O_PATH descriptor, and a symbolic link on the way is followed here, by
 * Linux's rules (path_resolution(7)), as long as it stays on the volume.
 *
 * Following links here and not in the kernel keeps what an open file needs: the directory that
 * really holds its name, to rename and remove it, and the way up from each directory.
 *
 * Invariants:
 * 1. A Place that is answered is held: its owner gives it back with `letGo`.
 * 2. A directory's `names` is shared from the look-up until the Lcb is made, so that a rename or a
 *    removal comes wholly before or wholly after.
 * 3. No name leads out of the volume: ".." of the root is the root, and no name holds a slash.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import type { Statx } from '../vfs-linux/statx.ts';
import type { LinuxName } from './directory-names.ts';
import type { Fcb, Lcb } from './fcb.ts';
import { openHandle, takeFcb } from './open-inode.ts';
import { windowsTargetOf } from './translate/link-targets.ts';
import { type NtStatus, ntStatusOf, STATUS } from './translate/ntstatus.ts';
import type { Vcb } from './vcb.ts';

/** As Linux has it (MAXSYMLINKS); Windows gives up after 63. */
const maxLinks = 40;

/** The conditions of a walk, and what it found out besides the place it led to. */
export interface Walk {
  /** Whether the directory may be passed; undefined: every directory may. */
  readonly mayTraverse: ((directory: Fcb) => boolean | Promise<boolean>) | undefined;
  linksFollowed: number;
  /** With STATUS_REPARSE: the NT path outside of this volume that a link leads to. */
  reparsePath: string;
}

export function newWalk(mayTraverse?: Walk['mayTraverse']): Walk {
  return { mayTraverse, linksFollowed: 0, reparsePath: '' };
}

/** A name in a directory, and the inode there. All of it is held. */
export interface Place {
  readonly dir: Fcb;
  /** As Windows has it; on a volume that does not tell case apart, as the directory has it. */
  readonly name: string;
  readonly linuxName: LinuxName;
  /** Undefined: nothing is there. */
  readonly fcb: Fcb | undefined;
  /** Undefined where nothing is there, and for the root. */
  readonly lcb: Lcb | undefined;
  /** As the look-up found it; undefined where it did not ask. */
  readonly statx: Statx | undefined;
}

export function letGo(vcb: Vcb, place: Place): void {
  if (place.lcb !== undefined) vcb.files.leave(place.lcb);
  if (place.fcb !== undefined) vcb.files.release(place.fcb);
  vcb.files.release(place.dir);
}

/** The directory that holds the path's last name, held. */
export async function walkToParent(vcb: Vcb, path: string, walk: Walk): Promise<Fcb | NtStatus> {
  const cut = path.lastIndexOf('\\');
  if (cut < 0) return STATUS.OBJECT_NAME_INVALID;
  const parentPath = path.slice(0, cut);
  if (walk.mayTraverse === undefined) {
    const known = vcb.files.atPath(parentPath);
    if (known !== undefined) return known;
  }
  const names = parentPath.split('\\');
  let dir = vcb.root;
  vcb.files.hold(dir);
  for (let i = 1; i < names.length; i++) {
    const next = await stepInto(vcb, dir, names[i] as string, walk);
    vcb.files.release(dir);
    if (typeof next === 'number') {
      if (next === STATUS.REPARSE) appendRest(walk, [...names.slice(i + 1), path.slice(cut + 1)]);
      return next;
    }
    dir = next;
  }
  if (!(await mayPass(dir, walk))) return refuse(vcb, dir);
  vcb.files.rememberPath(parentPath, dir);
  return dir;
}

/** The rest of the path goes behind a link's target outside. */
function appendRest(walk: Walk, rest: readonly string[]): void {
  walk.reparsePath = [walk.reparsePath, ...rest].join('\\');
}

async function mayPass(dir: Fcb, walk: Walk): Promise<boolean> {
  return walk.mayTraverse === undefined || (await walk.mayTraverse(dir));
}

function refuse(vcb: Vcb, dir: Fcb): NtStatus {
  vcb.files.release(dir);
  return STATUS.ACCESS_DENIED;
}

/** One directory down, held; links are followed. */
async function stepInto(vcb: Vcb, dir: Fcb, name: string, walk: Walk): Promise<Fcb | NtStatus> {
  if (name === '') return STATUS.OBJECT_NAME_INVALID;
  if (!(await mayPass(dir, walk))) return STATUS.ACCESS_DENIED;
  const known = dir.links.get(name);
  if (known !== undefined && known.fcb.type === abi.S_IFDIR) {
    vcb.files.hold(known.fcb);
    return known.fcb;
  }
  const place = await lookUp(vcb, dir, name);
  if (typeof place === 'number') return place;
  return intoDirectory(vcb, place, walk);
}

/** The directory at a place that was looked up; the place is let go. */
async function intoDirectory(vcb: Vcb, place: Place, walk: Walk): Promise<Fcb | NtStatus> {
  const { fcb } = place;
  if (fcb === undefined) {
    letGo(vcb, place);
    return STATUS.OBJECT_PATH_NOT_FOUND;
  }
  if (fcb.type === abi.S_IFDIR) {
    vcb.files.hold(fcb);
    letGo(vcb, place);
    return fcb;
  }
  if (fcb.type !== abi.S_IFLNK) {
    letGo(vcb, place);
    return STATUS.NOT_A_DIRECTORY;
  }
  const target = await follow(vcb, place, walk);
  if (typeof target === 'number') {
    return target === STATUS.OBJECT_NAME_NOT_FOUND ? STATUS.OBJECT_PATH_NOT_FOUND : target;
  }
  return intoDirectory(vcb, target, walk);
}

/**
 * Looks one name up. A name that is not there is a Place without an Fcb; a number is a status of an
 * error. A directory gets its Lcb at once (Fcb, invariant 3).
 */
export async function lookUp(vcb: Vcb, dir: Fcb, name: string): Promise<Place | NtStatus> {
  const wait = dir.names.shared();
  if (wait !== undefined) await wait;
  try {
    return await lookUpHeld(vcb, dir, name);
  } finally {
    dir.names.releaseShared();
  }
}

/** The same for a caller that shares the directory's names already, or has them alone. */
export async function lookUpHeld(vcb: Vcb, dir: Fcb, name: string): Promise<Place | NtStatus> {
  const meaning = vcb.names.find(dir, name);
  const entry = meaning instanceof Promise ? await meaning : meaning;
  if (isErrno(entry)) return ntStatusOf(entry);
  if (!entry.exists) return absent(vcb, dir, name, entry.linuxName);
  return lookUpLinux(vcb, dir, entry.shown, entry.linuxName);
}

function absent(vcb: Vcb, dir: Fcb, name: string, linuxName: LinuxName): Place {
  vcb.files.hold(dir);
  return { dir, name, linuxName, fcb: undefined, lcb: undefined, statx: undefined };
}

/** The same by Linux's name; the caller shares the directory's names. */
async function lookUpLinux(
  vcb: Vcb,
  dir: Fcb,
  name: string,
  linuxName: LinuxName,
): Promise<Place | NtStatus> {
  const mark = vcb.names.mark();
  const opened = await openHandle(vcb, dir.handle, linuxName);
  if (isErrno(opened)) {
    if (opened === -errno.ENOENT) {
      vcb.names.noteAbsent(dir, name, mark);
      return absent(vcb, dir, name, linuxName);
    }
    return opened === -errno.ENAMETOOLONG ? STATUS.OBJECT_NAME_INVALID : ntStatusOf(opened);
  }
  const fcb = takeFcb(vcb, opened);
  if (dir.folded !== undefined) vcb.names.noteAppeared(dir, name, linuxName);
  vcb.files.hold(dir);
  const lcb = vcb.files.enter(dir, name, linuxName, fcb);
  return { dir, name, linuxName, fcb, lcb, statx: opened.statx };
}

/**
 * Where the symbolic link at `place` leads, through further links to something that is none, or to
 * a name that is not there. The place is let go.
 */
export async function follow(vcb: Vcb, place: Place, walk: Walk): Promise<Place | NtStatus> {
  let link: Place = place;
  for (;;) {
    const fcb = link.fcb as Fcb;
    if (++walk.linksFollowed > maxLinks) {
      letGo(vcb, link);
      return STATUS.REPARSE_POINT_NOT_RESOLVED;
    }
    const text = await vcb.calls.readlinkat(fcb.handle, '');
    const from = link.dir;
    vcb.files.hold(from);
    letGo(vcb, link);
    if (isErrno(text)) {
      vcb.files.release(from);
      return ntStatusOf(text);
    }
    const outside = windowsTargetOf(text);
    if (!outside.isRelative) {
      vcb.files.release(from);
      walk.reparsePath = outside.substituteName;
      return STATUS.REPARSE;
    }
    const end = await walkLinux(vcb, from, text, walk);
    if (typeof end === 'number' || end.fcb?.type !== abi.S_IFLNK) return end;
    link = end;
  }
}

const slash = 0x2f;
const dot = 0x2e;

/** Walks a link's text from a directory, which is let go; the last name may be a link. */
async function walkLinux(vcb: Vcb, from: Fcb, text: Buffer, walk: Walk): Promise<Place | NtStatus> {
  let dir = from;
  if (text[0] === slash) {
    vcb.files.release(dir);
    dir = vcb.root;
    vcb.files.hold(dir);
  }
  const names = splitLinuxPath(text);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as Buffer;
    const last = i === names.length - 1;
    if (!(await mayPass(dir, walk))) return refuse(vcb, dir);
    if (isDots(name)) {
      dir = upwards(vcb, dir, name.length);
      continue;
    }
    const place = await lookUpBytes(vcb, dir, name);
    vcb.files.release(dir);
    if (typeof place === 'number' || last) return place;
    const next = await intoDirectory(vcb, place, walk);
    if (typeof next === 'number') return next;
    dir = next;
  }
  return placeOfDirectory(vcb, dir);
}

/** "." stays, ".." goes up, at the root not; the directory is let go for the other. */
function upwards(vcb: Vcb, dir: Fcb, dots: number): Fcb {
  const above = dots === 1 ? dir : (dir.lcb?.parent ?? dir);
  vcb.files.hold(above);
  vcb.files.release(dir);
  return above;
}

async function lookUpBytes(vcb: Vcb, dir: Fcb, bytes: Buffer): Promise<Place | NtStatus> {
  const wait = dir.names.shared();
  if (wait !== undefined) await wait;
  try {
    return await lookUpLinux(vcb, dir, await vcb.names.shownName(dir, bytes), bytes);
  } finally {
    dir.names.releaseShared();
  }
}

/** A directory that is held, by its own name in its parent; the root is in itself. */
export function placeOfDirectory(vcb: Vcb, fcb: Fcb): Place {
  const { lcb } = fcb;
  const dir = lcb?.parent ?? fcb;
  vcb.files.hold(dir);
  if (lcb !== undefined) lcb.holders++;
  const linuxName = lcb?.linuxName ?? Buffer.from('.');
  return { dir, name: lcb?.name ?? '', linuxName, fcb, lcb, statx: undefined };
}

function splitLinuxPath(text: Buffer): Buffer[] {
  const names: Buffer[] = [];
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    if (at < text.length && text[at] !== slash) continue;
    if (at > start) names.push(text.subarray(start, at));
    start = at + 1;
  }
  return names;
}

function isDots(name: Buffer): boolean {
  return name[0] === dot && (name.length === 1 || (name.length === 2 && name[1] === dot));
}

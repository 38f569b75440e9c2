/**
 * A Linux directory tree in memory: what the system calls on names must do and answer.
 *
 * Every method is the call of its name for root on a file system that can do everything, and
 * answers a negative errno in the order in which Linux looks for errors (fs/namei.c). Names and
 * paths are latin1 strings that stand for bytes, so that names which are no UTF-8 are names like
 * others.
 */
import type { Buffer } from 'node:buffer';
import { abi, errno } from '../../../src/vfs-linux/abi.gen.ts';
import { ModelFile } from './model-file.ts';

export interface ModelTime {
  readonly sec: number;
  readonly nsec: number;
}

interface Common {
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  /** Known only when utimensat was the last to set it. */
  mtime: ModelTime | undefined;
  readonly xattrs: Map<string, Buffer>;
}

export interface FileNode extends Common {
  readonly kind: 'file';
  readonly file: ModelFile;
}
export interface DirectoryNode extends Common {
  readonly kind: 'directory';
  readonly children: Map<string, ModelNode>;
  parent: DirectoryNode;
}
export interface SymlinkNode extends Common {
  readonly kind: 'symlink';
  readonly target: string;
}
export type ModelNode = FileNode | DirectoryNode | SymlinkNode;

/** Where a path leads: a name in a directory, and what it stands for if there is something. */
export interface Place {
  readonly parent: DirectoryNode;
  readonly name: string;
  readonly node: ModelNode | undefined;
}

/** In what file systems differ when they rename. */
export interface RenameRules {
  /** The RENAME_… flags that are known; for others the answer is EINVAL. */
  readonly renameFlags: number;
  /** The answer where a directory that has entries would be replaced: rename(2) allows two. */
  readonly renameOverFull: number;
}

/** MAXSYMLINKS of include/linux/namei.h. */
const mostLinks = 40;

function common(mode: number): Common {
  return { mode, uid: 0, gid: 0, nlink: 1, mtime: undefined, xattrs: new Map() };
}

function newDirectory(mode: number, parent: DirectoryNode | undefined): DirectoryNode {
  const node = { ...common(mode), kind: 'directory', children: new Map() } as const;
  return Object.assign(node, { parent: parent ?? (node as unknown as DirectoryNode) });
}

function contains(outer: ModelNode, inner: DirectoryNode): boolean {
  for (let at = inner; ; at = at.parent) {
    if (at === outer) return true;
    if (at.parent === at) return false;
  }
}

/** may_follow_link(): the sysctl protected_symlinks, which Debian's kernels have on. */
function isProtected(link: SymlinkNode, directory: DirectoryNode): boolean {
  const stickyForAll = (directory.mode & 0o1002) === 0o1002;
  return link.uid !== 0 && stickyForAll && directory.uid !== link.uid;
}

export class ModelTree {
  readonly root: DirectoryNode = newDirectory(0o755, undefined);

  /** A path's place; a negative errno where a directory on the way is missing or is none. */
  walk(path: string, follow: boolean): Place | number {
    return this.#walk(this.root, path, follow, true, { links: 0 });
  }

  /** `trailing`: what this path ends with is what the whole walk ends with. */
  #walk(
    from: DirectoryNode,
    path: string,
    follow: boolean,
    trailing: boolean,
    count: { links: number },
  ): Place | number {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    let directory = path.startsWith('/') ? this.root : from;
    let place: Place = { parent: directory.parent, name: '', node: directory };
    for (const [index, name] of parts.entries()) {
      const last = index === parts.length - 1;
      const node = name === '..' ? directory.parent : directory.children.get(name);
      place = { parent: directory, name, node };
      if (node?.kind === 'symlink' && (follow || !last)) {
        if (count.links++ >= mostLinks) return -errno.ELOOP;
        if (last && trailing && isProtected(node, directory)) return -errno.EACCES;
        const through = this.#walk(directory, node.target, true, last && trailing, count);
        if (typeof through === 'number') return through;
        place = through;
      }
      if (last) return place;
      if (place.node === undefined) return -errno.ENOENT;
      if (place.node.kind !== 'directory') return -errno.ENOTDIR;
      directory = place.node;
    }
    return place;
  }

  /** The node that a path stands for. */
  find(path: string, follow: boolean): ModelNode | number {
    const place = this.walk(path, follow);
    if (typeof place === 'number') return place;
    return place.node ?? -errno.ENOENT;
  }

  #add(place: Place, node: ModelNode): void {
    place.parent.children.set(place.name, node);
    place.parent.mtime = undefined;
  }

  #remove(place: Place, node: ModelNode): void {
    place.parent.children.delete(place.name);
    place.parent.mtime = undefined;
    node.nlink--;
  }

  /** open(2) for reading and writing, with O_CREAT. */
  create(path: string, openFlags: number, mode: number): FileNode | number {
    const exclusive = (openFlags & abi.O_EXCL) !== 0;
    const place = this.walk(path, !exclusive);
    if (typeof place === 'number') return place;
    if (place.node === undefined) {
      const node: FileNode = { ...common(mode), kind: 'file', file: new ModelFile() };
      this.#add(place, node);
      return node;
    }
    if (exclusive) return -errno.EEXIST;
    if (place.node.kind === 'directory') return -errno.EISDIR;
    if (place.node.kind === 'symlink') return -errno.ELOOP;
    if ((openFlags & abi.O_TRUNC) !== 0) {
      place.node.file.truncate(0);
      place.node.mtime = undefined;
    }
    return place.node;
  }

  mkdir(path: string, mode: number): number {
    const place = this.walk(path, false);
    if (typeof place === 'number') return place;
    if (place.node !== undefined) return -errno.EEXIST;
    this.#add(place, newDirectory(mode, place.parent));
    return 0;
  }

  symlink(target: string, path: string): number {
    const place = this.walk(path, false);
    if (typeof place === 'number') return place;
    if (place.node !== undefined) return -errno.EEXIST;
    this.#add(place, { ...common(0o777), kind: 'symlink', target });
    return 0;
  }

  link(from: string, to: string): number {
    const node = this.find(from, false);
    if (typeof node === 'number') return node;
    const place = this.walk(to, false);
    if (typeof place === 'number') return place;
    if (place.node !== undefined) return -errno.EEXIST;
    if (node.kind === 'directory') return -errno.EPERM;
    this.#add(place, node);
    node.nlink++;
    return 0;
  }

  unlink(path: string): number {
    const place = this.walk(path, false);
    if (typeof place === 'number') return place;
    if (place.node === undefined) return -errno.ENOENT;
    if (place.node.kind === 'directory') return -errno.EISDIR;
    this.#remove(place, place.node);
    return 0;
  }

  rmdir(path: string): number {
    const place = this.walk(path, false);
    if (typeof place === 'number') return place;
    if (place.node === undefined) return -errno.ENOENT;
    if (place.node.kind !== 'directory') return -errno.ENOTDIR;
    if (place.node.children.size > 0) return -errno.ENOTEMPTY;
    this.#remove(place, place.node);
    return 0;
  }

  /** The file system's own checks of a rename come after all of the VFS's. */
  rename(from: string, to: string, flags: number, own: RenameRules): number {
    const old = this.walk(from, false);
    if (typeof old === 'number') return old;
    const target = this.walk(to, false);
    if (typeof target === 'number') return target;
    if (old.node === undefined) return -errno.ENOENT;
    const refusal = renameRefusal(old, old.node, target, flags);
    if (refusal < 0) return refusal;
    if (old.node === target.node) return 0;
    if ((flags & ~own.renameFlags) !== 0) return -errno.EINVAL;
    if ((flags & abi.RENAME_EXCHANGE) !== 0 && target.node !== undefined) {
      this.#add(old, target.node);
      if (target.node.kind === 'directory') {
        target.node.parent = old.parent;
        target.node.mtime = undefined;
      }
    } else {
      if (target.node?.kind === 'directory' && target.node.children.size > 0) {
        return own.renameOverFull;
      }
      if (target.node !== undefined) this.#remove(target, target.node);
      old.parent.children.delete(old.name);
      old.parent.mtime = undefined;
    }
    this.#add(target, old.node);
    if (old.node.kind === 'directory') {
      old.node.parent = target.parent;
      // Its ".." is rewritten, which some file systems take for a change of it.
      old.node.mtime = undefined;
    }
    return 0;
  }
}

/** do_renameat2() and vfs_rename() of fs/namei.c, up to the file system's own part. */
function renameRefusal(old: Place, node: ModelNode, target: Place, flags: number): number {
  const exchange = (flags & abi.RENAME_EXCHANGE) !== 0;
  if ((flags & abi.RENAME_NOREPLACE) !== 0 && target.node !== undefined) return -errno.EEXIST;
  if (exchange && target.node === undefined) return -errno.ENOENT;
  if (node.kind === 'directory' && contains(node, target.parent)) return -errno.EINVAL;
  if (target.node?.kind === 'directory' && contains(target.node, old.parent)) {
    return exchange ? -errno.EINVAL : -errno.ENOTEMPTY;
  }
  if (target.node === undefined || exchange || node === target.node) return 0;
  if (node.kind === 'directory' && target.node.kind !== 'directory') return -errno.ENOTDIR;
  if (node.kind !== 'directory' && target.node.kind === 'directory') return -errno.EISDIR;
  return 0;
}

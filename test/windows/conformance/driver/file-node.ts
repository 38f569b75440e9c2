/**
 * The driver's files: a FileNode for each open name, a FileDesc for each handle (FSP_FILE_DESC).
 *
 * The driver has no inodes. Two names of one inode are two nodes, each with its own share modes and
 * caches. A node keeps the UserContext of its first opener.
 */
import { Lock } from './lock.ts';
import { isAtOrBelow, upcase } from './name-rules.ts';
import { access, option, share } from './nt.ts';
import type { FileInfo } from './record.ts';

/** A listing of user mode's, kept until the directory changes. */
export interface DirectoryEntry {
  readonly name: string;
  readonly nextOffset: bigint;
  readonly info: FileInfo;
}

interface Kept<T> {
  readonly value: T;
  readonly untilMs: number;
}

export class FileNode {
  name: string;
  userContext = 0n;
  isDirectory = false;
  deletePending = false;
  posixDeleted = false;
  /** How many handles are not cleaned up. */
  handleCount = 0;
  /** How many file objects are not closed. */
  openCount = 0;
  readonly openers: Set<FileDesc> = new Set();
  info: Kept<FileInfo> | undefined;
  listing: Kept<readonly DirectoryEntry[]> | undefined;
  security: Kept<Buffer> | undefined;
  ea: Kept<Buffer> | undefined;
  truncateOnClose = false;
  readonly lock: Lock = new Lock();

  constructor(name: string) {
    this.name = name;
  }

  get isRoot(): boolean {
    return this.name === '\\';
  }
}

export class FileDesc {
  readonly node: FileNode;
  readonly userContext2: bigint;
  readonly grantedAccess: number;
  readonly shareAccess: number;
  readonly options: number;
  /** The rights against which the I/O manager checks each call. */
  readonly userMode: boolean;
  deleteOnClose: boolean;
  posixDelete = false;
  /** FO_FILE_MODIFIED. */
  modified = false;
  didSetAttributes = false;
  didSetSecurity = false;
  didSetMetadata = false;
  didSetLastAccessTime = false;
  didSetLastWriteTime = false;
  didSetChangeTime = false;
  cleanedUp = false;
  closed = false;
  /** The answer to the last disposition, repeated for a program that sets it twice. */
  dispositionStatus = 0;
  /** How far a listing has come. */
  pattern: string | undefined;
  marker: { readonly name: string; readonly nextOffset: bigint } | undefined;
  found = false;
  /** How many sections hold the file object after its cleanup. */
  sections = 0;

  constructor(
    node: FileNode,
    opened: {
      userContext2: bigint;
      grantedAccess: number;
      shareAccess: number;
      options: number;
      userMode: boolean;
    },
  ) {
    this.node = node;
    this.userContext2 = opened.userContext2;
    this.grantedAccess = opened.grantedAccess;
    this.shareAccess = opened.shareAccess;
    this.options = opened.options;
    this.userMode = opened.userMode;
    this.deleteOnClose = (opened.options & option.DELETE_ON_CLOSE) !== 0;
  }
}

const readRights = access.READ_DATA | access.EXECUTE;
const writeRights = access.WRITE_DATA | access.APPEND_DATA;

/** IoCheckShareAccess: whether a new opener and the present ones permit each other's access. */
export function sharesWith(
  openers: Iterable<FileDesc>,
  grantedAccess: number,
  shareAccess: number,
): boolean {
  const wants = needs(grantedAccess);
  if (wants === 0) return true;
  for (const other of openers) {
    const theirs = needs(other.grantedAccess);
    if (theirs === 0) continue;
    if ((wants & ~other.shareAccess) !== 0 || (theirs & ~shareAccess) !== 0) return false;
  }
  return true;
}

/** The share bits that an opener with these rights needs from the others. */
function needs(grantedAccess: number): number {
  return (
    ((grantedAccess & readRights) !== 0 ? share.READ : 0) |
    ((grantedAccess & writeRights) !== 0 ? share.WRITE : 0) |
    ((grantedAccess & access.DELETE) !== 0 ? share.DELETE : 0)
  );
}

/** The nodes by name: the driver's context table. */
export class NodeTable {
  readonly #caseSensitive: boolean;
  readonly #nodes = new Map<string, FileNode>();

  constructor(caseSensitive: boolean) {
    this.#caseSensitive = caseSensitive;
  }

  key(name: string): string {
    return this.#caseSensitive ? name : upcase(name);
  }

  get(name: string): FileNode | undefined {
    return this.#nodes.get(this.key(name));
  }

  add(node: FileNode): void {
    this.#nodes.set(this.key(node.name), node);
  }

  remove(node: FileNode): void {
    if (this.#nodes.get(this.key(node.name)) === node) this.#nodes.delete(this.key(node.name));
  }

  /** The node with this name, and the nodes below it. */
  atOrBelow(name: string): FileNode[] {
    const top = this.key(name);
    return [...this.#nodes].flatMap(([key, node]) => (isAtOrBelow(key, top) ? [node] : []));
  }

  get nodes(): Iterable<FileNode> {
    return this.#nodes.values();
  }

  /**
   * Renames a node and all nodes below it. A node that had the new name is no longer found.
   */
  rename(node: FileNode, newName: string): void {
    const moved = this.atOrBelow(node.name);
    const oldLength = node.name.length;
    for (const one of moved) this.remove(one);
    for (const gone of this.atOrBelow(newName)) {
      this.remove(gone);
      gone.posixDeleted = true;
    }
    for (const one of moved) {
      one.name = newName + one.name.slice(oldLength);
      this.add(one);
    }
  }
}

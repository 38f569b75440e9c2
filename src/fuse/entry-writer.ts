/**
 * Attributes on their way to the host: from the kernel's struct statx straight into an answer, word
 * by word.
 */
import { high32 } from '../int64.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import { ownHighWords, writeInodeNumber } from './inode-numbers.ts';
import type { Features } from './negotiation.ts';
import { maxHandleBytes } from './node-records.ts';
import type { Node, Nodes } from './nodes.ts';
import { attr, attrOut, entryOut } from './protocol.ts';

/**
 * How long the host may keep what it knows, in seconds: for ever. One kernel owns the disk, and
 * every change goes through this mount.
 */
const foreverSeconds = 1_000_000_000;

const statx = {
  blksize: abi['statx.stx_blksize'] / 4,
  nlink: abi['statx.stx_nlink'] / 4,
  uid: abi['statx.stx_uid'] / 4,
  gid: abi['statx.stx_gid'] / 4,
  mode: abi['statx.stx_mode'] / 4,
  ino: abi['statx.stx_ino'] / 4,
  size: abi['statx.stx_size'] / 4,
  blocks: abi['statx.stx_blocks'] / 4,
  atime: abi['statx.stx_atime'] / 4,
  mtime: abi['statx.stx_mtime'] / 4,
  ctime: abi['statx.stx_ctime'] / 4,
  rdevMajor: abi['statx.stx_rdev_major'] / 4,
  rdevMinor: abi['statx.stx_rdev_minor'] / 4,
  devMajor: abi['statx.stx_dev_major'] / 4,
  devMinor: abi['statx.stx_dev_minor'] / 4,
} as const;
const nsec = abi['statx_timestamp.tv_nsec'] / 4;

/** new_encode_dev() of include/linux/kdev_t.h. */
function encodeDevice(major: number, minor: number): number {
  return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
}

export class EntryWriter {
  readonly #to: Uint32Array;
  readonly #from: Uint32Array;
  readonly #nodes: Nodes;
  /** Room for a node's handle. */
  readonly #handle = new Int32Array(maxHandleBytes / 4);
  readonly #rootDevice: number;
  readonly #hasSubvolumes: boolean;
  readonly #entrySeconds: number;

  /**
   * `to` is the answer; struct statx's are read out of the kernel's memory; `nodes` have their root
   * already.
   */
  constructor(
    to: Uint32Array,
    memory: { readonly u32: Uint32Array },
    { rootDevice, namesLast }: Pick<Features, 'rootDevice' | 'namesLast'>,
    nodes: Nodes,
  ) {
    this.#to = to;
    this.#from = memory.u32;
    this.#nodes = nodes;
    this.#rootDevice = rootDevice;
    this.#hasSubvolumes = nodes.format?.hasSubvolume ?? false;
    this.#entrySeconds = namesLast ? foreverSeconds : 0;
  }

  /** Writes a fuse_entry_out at the word `at`, with the struct statx at a word of the kernel's. */
  writeEntry(at: number, node: Node, statxWord: number): void {
    this.#writeHead(at, node.id, node.generation);
    this.#writeAttr(at + entryOut.attr, node, statxWord);
  }

  /** Writes a fuse_entry_out that says that there is no such name. */
  writeAbsent(at: number): void {
    this.#writeHead(at, 0, 0);
    this.#to.fill(0, at + entryOut.attr, at + entryOut.attr + attr.flags + 1);
  }

  #writeHead(at: number, nodeId: number, generation: number): void {
    const to = this.#to;
    to[at + entryOut.nodeid] = nodeId;
    to[at + entryOut.nodeid + 1] = high32(nodeId);
    to[at + entryOut.generation] = generation;
    to[at + entryOut.generation + 1] = 0;
    to[at + entryOut.entryValid] = this.#entrySeconds;
    to[at + entryOut.entryValid + 1] = 0;
    to[at + entryOut.attrValid] = foreverSeconds;
    to[at + entryOut.attrValid + 1] = 0;
    to[at + entryOut.entryValidNsec] = 0;
    to[at + entryOut.attrValidNsec] = 0;
  }

  /**
   * Writes a file's inode number at the word `at`. The file is a node, or has the file_handle at a
   * word of an array.
   */
  writeIno(at: number, of: Node | Int32Array, statxWord: number, handleWord = 0): void {
    this.#copy64(at, statxWord + statx.ino);
    if (!this.#hasSubvolumes) return;
    const isMountedSubvolume =
      (this.#from[statxWord + statx.devMinor] as number) === this.#rootDevice;
    if (isMountedSubvolume && (this.#to[at + 1] as number) < ownHighWords) return;
    if (of instanceof Int32Array) {
      writeInodeNumber(this.#to, at, of, handleWord);
    } else {
      this.#nodes.copyHandle(of, this.#handle);
      writeInodeNumber(this.#to, at, this.#handle, 0);
    }
  }

  /** Writes a fuse_attr_out at the word `at`. */
  writeAttrOut(at: number, node: Node, statxWord: number): void {
    const to = this.#to;
    to[at + attrOut.attrValid] = foreverSeconds;
    to[at + attrOut.attrValid + 1] = 0;
    to[at + attrOut.attrValidNsec] = 0;
    to[at + attrOut.attrValidNsec + 1] = 0;
    this.#writeAttr(at + attrOut.attr, node, statxWord);
  }

  #copy64(at: number, word: number): void {
    this.#to[at] = this.#from[word] as number;
    this.#to[at + 1] = this.#from[word + 1] as number;
  }

  /** Writes a fuse_attr. */
  #writeAttr(at: number, node: Node, statxWord: number): void {
    const to = this.#to;
    const from = this.#from;
    this.writeIno(at + attr.ino, node, statxWord);
    this.#copy64(at + attr.size, statxWord + statx.size);
    this.#copy64(at + attr.blocks, statxWord + statx.blocks);
    this.#copy64(at + attr.atime, statxWord + statx.atime);
    this.#copy64(at + attr.mtime, statxWord + statx.mtime);
    this.#copy64(at + attr.ctime, statxWord + statx.ctime);
    to[at + attr.atimensec] = from[statxWord + statx.atime + nsec] as number;
    to[at + attr.mtimensec] = from[statxWord + statx.mtime + nsec] as number;
    to[at + attr.ctimensec] = from[statxWord + statx.ctime + nsec] as number;
    to[at + attr.mode] = (from[statxWord + statx.mode] as number) & 0xffff;
    to[at + attr.nlink] = from[statxWord + statx.nlink] as number;
    to[at + attr.uid] = from[statxWord + statx.uid] as number;
    to[at + attr.gid] = from[statxWord + statx.gid] as number;
    to[at + attr.rdev] = encodeDevice(
      from[statxWord + statx.rdevMajor] as number,
      from[statxWord + statx.rdevMinor] as number,
    );
    to[at + attr.blksize] = from[statxWord + statx.blksize] as number;
    to[at + attr.flags] = 0;
  }
}

/** The mode in the struct statx at a word. */
export function modeOf(u32: Uint32Array, statxWord: number): number {
  return (u32[statxWord + statx.mode] as number) & 0xffff;
}

/** What tells two inodes apart where there are no file handles. */
export function inodeOf(
  u32: Uint32Array,
  statxWord: number,
): { readonly low: number; readonly high: number; readonly device: number } {
  const [major, minor] = [u32[statxWord + statx.devMajor], u32[statxWord + statx.devMinor]];
  return {
    low: u32[statxWord + statx.ino] as number,
    high: u32[statxWord + statx.ino + 1] as number,
    device: encodeDevice(major as number, minor as number),
  };
}

/**
 * What a request found out besides (bridge/lookup.c), decoded from the kernel's memory: a statx, and
 * as asked for the file's handle and what a transport wants to know of its extended attributes.
 */
import { Buffer } from 'node:buffer';
import { abi } from './abi.gen.ts';
import { type Errno, isErrno } from './errno.ts';
import type { KernelMemory } from './memory.ts';
import type { PathLike } from './names.ts';
import { Statx, type Words } from './statx.ts';

/** What to find out along with a statx. */
export interface Finding {
  /** The file's handle; not unless asked for. */
  readonly handle?: boolean;
  /**
   * The name of an extended attribute of at most BRIDGE_XATTR_VALUE bytes; '' asks only whether there
   * are any attributes. No permission is asked for: it is to the transport what stat() is to Linux.
   */
  readonly xattr?: PathLike;
}

/** The bits of BRIDGE_LOOKUP_* for it. */
export function findingBits(finding: Finding | undefined): number {
  if (finding === undefined) return 0;
  const handle = finding.handle === true ? abi.BRIDGE_LOOKUP_HANDLE : 0;
  return handle | (finding.xattr === undefined ? 0 : abi.BRIDGE_LOOKUP_XATTRS);
}

/** What was asked about extended attributes. */
export class SmallXattrs {
  /** listxattr(2)'s answer for size 0, or a negative errno: 0 is no attributes at all. */
  readonly listBytes: number;
  /** The named one's value or a negative errno: -ENODATA, or -ERANGE where it is longer. */
  readonly value: Buffer | Errno;

  constructor({ i32, u32 }: Words, address: number) {
    this.listBytes = i32[(address + abi['bridge_xattrs.list_bytes']) >>> 2] as number;
    const bytes = i32[(address + abi['bridge_xattrs.value_bytes']) >>> 2] as number;
    const start = u32.byteOffset + address + abi['bridge_xattrs.value'];
    this.value = isErrno(bytes) ? bytes : Buffer.from(Buffer.from(u32.buffer, start, bytes));
  }
}

/** A file, and what was found out about it. */
export class Found {
  readonly statx: Statx;
  /** A struct file_handle; undefined where not asked for, or where the file system has none. */
  readonly handle: Buffer | undefined;
  readonly xattrs: SmallXattrs | undefined;

  constructor(memory: KernelMemory, address: number, finding: Finding | undefined) {
    this.statx = new Statx(memory, address);
    this.handle =
      finding?.handle === true
        ? copyHandle(memory, address + abi['bridge_lookup.handle'])
        : undefined;
    this.xattrs =
      finding?.xattr === undefined
        ? undefined
        : new SmallXattrs(memory, address + abi['bridge_lookup.xattrs']);
  }
}

/** A new descriptor, and what it stands for. */
export class OpenedStatx extends Found {
  readonly fd: number;
  /** Whether the file was not there before: O_CREAT. */
  readonly created: boolean;

  constructor(memory: KernelMemory, address: number, finding: Finding | undefined, fd: number) {
    super(memory, address, finding);
    this.fd = fd;
    this.created = memory.u32[(address + abi['bridge_lookup.created']) >>> 2] !== 0;
  }
}

/** A copy of the struct file_handle at an address; undefined where it is empty. */
export function copyHandle(memory: KernelMemory, address: number): Buffer | undefined {
  const handleBytes = memory.u32[(address + abi['file_handle.handle_bytes']) >>> 2] as number;
  if (handleBytes === 0) return undefined;
  const end = address + abi['file_handle.f_handle'] + handleBytes;
  return Buffer.from(memory.bytes.subarray(address, end));
}

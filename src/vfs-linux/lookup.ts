/**
 * The file that a request has looked up (bridge/lookup.c), decoded from the kernel's memory: a
 * statx, and if wanted the file's handle and a few facts about its extended attributes.
 */
import { Buffer } from 'node:buffer';
import { abi } from './abi.gen.ts';
import { type Errno, isErrno } from './errno.ts';
import type { KernelMemory } from './memory.ts';
import type { PathLike } from './names.ts';
import { Statx, type Words } from './statx.ts';

/** What a lookup gives along with a statx. */
export interface LookupWant {
  /** The file's handle; not unless asked for. */
  readonly handle?: boolean;
  /**
   * The name of an extended attribute, whose value has at most BRIDGE_XATTR_VALUE bytes; '' asks
   * only whether there are any attributes. No permission is checked, as with stat(2).
   */
  readonly xattr?: PathLike;
}

/** The bits of BRIDGE_LOOKUP_* for it. */
export function lookupBits(want: LookupWant | undefined): number {
  if (want === undefined) return 0;
  const handle = want.handle === true ? abi.BRIDGE_LOOKUP_HANDLE : 0;
  return handle | (want.xattr === undefined ? 0 : abi.BRIDGE_LOOKUP_XATTRS);
}

/** The answer to what was asked about extended attributes. */
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

/** A file that was looked up. */
export class Lookup {
  readonly statx: Statx;
  /** A struct file_handle; undefined where not asked for, or where the file system has none. */
  readonly handle: Buffer | undefined;
  readonly xattrs: SmallXattrs | undefined;

  constructor(memory: KernelMemory, address: number, want: LookupWant | undefined) {
    this.statx = new Statx(memory, address);
    this.handle =
      want?.handle === true ? copyHandle(memory, address + abi['bridge_lookup.handle']) : undefined;
    this.xattrs =
      want?.xattr === undefined
        ? undefined
        : new SmallXattrs(memory, address + abi['bridge_lookup.xattrs']);
  }
}

/** A new descriptor, and the file that it stands for. */
export class OpenedStatx extends Lookup {
  readonly fd: number;
  /** Whether O_CREAT has made the file. */
  readonly created: boolean;

  constructor(memory: KernelMemory, address: number, want: LookupWant | undefined, fd: number) {
    super(memory, address, want);
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

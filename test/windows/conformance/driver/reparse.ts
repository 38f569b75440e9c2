/**
 * The driver's and the object manager's rules for reparse points: the name that results from one,
 * and which buffers are valid (FsRtlValidateReparsePointBuffer).
 */
import { reparseTag, status } from './nt.ts';
import { ProtocolFault } from './protocol-fault.ts';
import type { Response } from './record.ts';

export interface ReparseAnswer {
  /** The status for a name that leads off the volume. */
  readonly status: number;
  readonly tag: number;
  /** The whole new name, if it is on this volume. */
  readonly onVolume?: string;
  /** Otherwise an absolute NT path. */
  readonly elsewhere?: string;
  readonly data?: Buffer;
}

/** The drive letter of the model's volume. */
export const driveLetter = 'L:';
const ownPrefixes = [`\\??\\${driveLetter}`, '\\Device\\Volume{model}'];
const headerBytes = 8;
const maxDataBytes = 16384;
const microsoftBit = 0x80000000;

export interface SymbolicLink {
  readonly substituteName: string;
  readonly printName: string;
  readonly relative: boolean;
}

export function decodeSymbolicLink(data: Buffer): SymbolicLink {
  const text = (at: number): string => {
    const begin = 20 + data.readUInt16LE(at);
    return data.toString('utf16le', begin, begin + data.readUInt16LE(at + 2));
  };
  return {
    substituteName: text(8),
    printName: text(12),
    relative: (data.readUInt32LE(16) & 1) !== 0,
  };
}

export function encodeSymbolicLink(link: SymbolicLink): Buffer {
  const substitute = Buffer.from(link.substituteName, 'utf16le');
  const print = Buffer.from(link.printName, 'utf16le');
  const data = Buffer.alloc(20 + substitute.length + print.length);
  data.writeUInt32LE(reparseTag.SYMLINK, 0);
  data.writeUInt16LE(data.length - headerBytes, 4);
  data.writeUInt16LE(0, 8);
  data.writeUInt16LE(substitute.length, 10);
  data.writeUInt16LE(substitute.length, 12);
  data.writeUInt16LE(print.length, 14);
  data.writeUInt32LE(link.relative ? 1 : 0, 16);
  substitute.copy(data, 20);
  print.copy(data, 20 + substitute.length);
  return data;
}

/** A reparse buffer with a tag of Microsoft's. */
export function encodeReparse(tag: number, payload: Buffer): Buffer {
  const data = Buffer.alloc(headerBytes + payload.length);
  data.writeUInt32LE(tag, 0);
  data.writeUInt16LE(payload.length, 4);
  payload.copy(data, headerBytes);
  return data;
}

/** FsRtlValidateReparsePointBuffer: undefined for a valid buffer, else the status. */
export function invalidReparse(data: Buffer): number | undefined {
  if (data.length < headerBytes || data.length > maxDataBytes) {
    return status.IO_REPARSE_DATA_INVALID;
  }
  const tag = data.readUInt32LE(0);
  const length = data.readUInt16LE(4);
  if ((tag & microsoftBit) === 0) {
    const guid = data.length >= 24 ? data.subarray(8, 24) : Buffer.alloc(16);
    if (guid.every((byte) => byte === 0)) return status.IO_REPARSE_DATA_INVALID;
    return length + 24 === data.length ? undefined : status.IO_REPARSE_DATA_INVALID;
  }
  if (length + headerBytes !== data.length) return status.IO_REPARSE_DATA_INVALID;
  if (tag <= 1) return status.IO_REPARSE_TAG_INVALID;
  if (tag !== reparseTag.SYMLINK) return undefined;
  if (length < 12) return status.IO_REPARSE_DATA_INVALID;
  const end = (at: number): number => 20 + data.readUInt16LE(at) + data.readUInt16LE(at + 2);
  const good = end(8) <= data.length && end(12) <= data.length && data.readUInt16LE(10) > 0;
  return good ? undefined : status.IO_REPARSE_DATA_INVALID;
}

/** Bytes of the substitute name before its part on this volume; 0 for another volume. */
export function targetOnVolume(data: Buffer): number {
  if (data.readUInt32LE(0) !== reparseTag.SYMLINK) return 0;
  const { substituteName, relative } = decodeSymbolicLink(data);
  if (relative) return 0;
  const prefix = ownPrefixes.find((own) => substituteName.startsWith(`${own}\\`));
  return prefix === undefined ? 0 : prefix.length * 2;
}

/** The new name after STATUS_REPARSE, which the I/O manager parses again. */
export function reparseOf(response: Response): ReparseAnswer {
  const tag = response.information;
  const data = response.blob(24);
  // IO_REPARSE: the buffer is a path.
  if (tag === 0) return followed(tag, data.toString('utf16le'));
  if (invalidReparse(data) !== undefined) {
    throw new ProtocolFault('STATUS_REPARSE came with invalid reparse data');
  }
  if (tag !== reparseTag.SYMLINK) {
    return { status: status.IO_REPARSE_TAG_NOT_HANDLED, tag: data.readUInt32LE(0), data };
  }
  const link = decodeSymbolicLink(data);
  if (!link.substituteName.startsWith('\\')) {
    return { status: status.REPARSE_POINT_NOT_RESOLVED, tag, data };
  }
  if (link.relative) return { status: status.REPARSE, tag, onVolume: link.substituteName };
  return followed(tag, link.substituteName);
}

function followed(tag: number, path: string): ReparseAnswer {
  if (!path.startsWith('\\')) return { status: status.REPARSE_POINT_NOT_RESOLVED, tag };
  const own = ownPrefixes.find((prefix) => path.startsWith(`${prefix}\\`));
  if (own !== undefined) return { status: status.REPARSE, tag, onVolume: path.slice(own.length) };
  return { status: status.REPARSE, tag, elsewhere: path };
}

/**
 * Encodes FSP_FSCTL_TRANSACT_RSP records, one after the other, into a buffer that is reused: the
 * form in which FspFsctlTransact takes them.
 *
 *     | 128 bytes, zero where nothing is set | trailer | padding to 8 | next record ...
 *
 * Invariants:
 * 1. When `begin` is called there is room for the largest record (maxResponseBytes): a record never
 *    has to move.
 * 2. A record's Size is a multiple of 8, and the next record begins there.
 * 3. No byte of an earlier record is left: fixed parts and padding are cleared.
 */
import { Buffer } from 'node:buffer';
import type { FileInfo } from '../../fsbridge/file-info.ts';
import type { VolumeInfo } from '../../fsbridge/irp/irp.ts';
import { writeFileInfo, writeU53 } from './file-info.ts';
import { alignUp } from './layout.ts';
import { buf, response, volumeInfo } from './layouts.ts';

/** FSP_FSCTL_TRANSACT_RSP_SIZEMAX */
export const maxResponseBytes = 16384;
/** FSP_FSCTL_TRANSACT_RSP_BUFFER_SIZEMAX */
export const maxTrailerBytes = 16256;
const maxLabelUnits = 32;

export class ResponseRecords {
  readonly bytes: Buffer;
  /** Bytes of complete records. */
  length = 0;
  #end = 0;

  constructor(sizeBytes: number) {
    this.bytes = Buffer.alloc(sizeBytes);
  }

  get hasRoom(): boolean {
    return this.length + maxResponseBytes <= this.bytes.length;
  }

  /** Forgets all records. */
  clear(): void {
    this.length = 0;
  }

  begin(kind: number, hintLow: number, hintHigh: number, status: number): void {
    const { bytes, length } = this;
    this.#end = length + response.size;
    bytes.fill(0, length, this.#end);
    bytes.writeUInt32LE(kind, length + response.Kind);
    bytes.writeUInt32LE(hintLow, length + response.Hint);
    bytes.writeUInt32LE(hintHigh, length + response.Hint + 4);
    bytes.writeUInt32LE(status, length + response.Status);
  }

  /** Turns the record into one with a status alone. */
  fail(status: number): void {
    const { bytes, length } = this;
    this.#end = length + response.size;
    bytes.fill(0, length + response.Information, this.#end);
    bytes.writeUInt32LE(status, length + response.Status);
  }

  /** Ends the record. */
  end(): void {
    const end = this.length + alignUp(this.#end - this.length, 8);
    this.bytes.fill(0, this.#end, end);
    this.bytes.writeUInt16LE(end - this.length, this.length + response.Size);
    this.length = end;
  }

  setInformation(information: number): void {
    this.bytes.writeUInt32LE(information, this.length + response.Information);
  }

  setU32(field: number, value: number): void {
    this.bytes.writeUInt32LE(value, this.length + field);
  }

  setU53(field: number, value: number): void {
    writeU53(this.bytes, this.length + field, value);
  }

  setFileInfo(field: number, info: FileInfo): void {
    writeFileInfo(this.bytes, this.length + field, info);
  }

  /** A label is cut after 32 units, the room in FSP_FSCTL_VOLUME_INFO. */
  setVolumeInfo(field: number, info: VolumeInfo): void {
    const at = this.length + field;
    const label = info.volumeLabel.slice(0, maxLabelUnits);
    writeU53(this.bytes, at + volumeInfo.TotalSize, info.totalSize);
    writeU53(this.bytes, at + volumeInfo.FreeSize, info.freeSize);
    this.bytes.writeUInt16LE(label.length * 2, at + volumeInfo.VolumeLabelLength);
    this.bytes.write(label, at + volumeInfo.VolumeLabel, 'utf16le');
  }

  /** How much more fits into the trailer. */
  get trailerRoomBytes(): number {
    return maxTrailerBytes - alignUp(this.#end - this.length - response.size, 8);
  }

  /** Puts a name, without NUL, into the trailer. */
  addName(field: number, name: string): void {
    const place = this.#take(field, name.length * 2);
    this.bytes.write(name, place, 'utf16le');
  }

  /** Puts bytes into the trailer. The caller checks that they fit. */
  addBytes(field: number, content: Buffer): void {
    const place = this.#take(field, content.length);
    content.copy(this.bytes, place);
  }

  /** Reserves room in the trailer, at a multiple of 8, and writes the BUF that refers to it. */
  #take(field: number, lengthBytes: number): number {
    const trailer = this.length + response.size;
    const place = trailer + alignUp(this.#end - trailer, 8);
    this.bytes.fill(0, this.#end, place);
    this.#end = place + lengthBytes;
    this.bytes.writeUInt16LE(place - trailer, this.length + field + buf.Offset);
    this.bytes.writeUInt16LE(lengthBytes, this.length + field + buf.Size);
    return place;
  }
}

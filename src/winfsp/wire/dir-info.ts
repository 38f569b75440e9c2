/**
 * A directory's entries as FSP_FSCTL_DIR_INFO records, written straight into the driver's buffer.
 *
 *     | 104 bytes | name, without NUL | padding to 8 | next record ... | 2 zero bytes: no more |
 *
 * Without the two zero bytes the driver asks for what follows the last record. So where they do not
 * fit any more, the next answer consists of them alone.
 */
import { Buffer } from 'node:buffer';
import type { FileInfo } from '../../fsbridge/file-info.ts';
import type { DirectoryWriter } from '../../fsbridge/irp/irp.ts';
import { writeFileInfo, writeU53 } from './file-info.ts';
import { alignUp } from './layout.ts';
import { dirInfo } from './layouts.ts';

const noBytes: Buffer = Buffer.alloc(0);
const endBytes = 2;

export class DirInfoWriter implements DirectoryWriter {
  /** Bytes written. */
  length = 0;
  #bytes: Buffer = noBytes;

  /** Begins a listing in that memory. */
  begin(bytes: Buffer): void {
    this.#bytes = bytes;
    this.length = 0;
  }

  /** Gives the memory back: nothing more is written. */
  detach(): void {
    this.#bytes = noBytes;
    this.length = 0;
  }

  entry(name: string, nextOffset: number, info: FileInfo): boolean {
    const bytes = this.#bytes;
    const at = this.length;
    const size = dirInfo.size + name.length * 2;
    const end = at + alignUp(size, 8);
    if (end > bytes.length) return false;
    bytes.fill(0, at, at + dirInfo.size);
    bytes.writeUInt16LE(size, at + dirInfo.Size);
    writeFileInfo(bytes, at + dirInfo.FileInfo, info);
    writeU53(bytes, at + dirInfo.NextOffset, nextOffset);
    bytes.write(name, at + dirInfo.size, 'utf16le');
    bytes.fill(0, at + size, end);
    this.length = end;
    return true;
  }

  /** Writes the mark that no more entries follow, if there is room for it. */
  end(): void {
    if (this.length + endBytes > this.#bytes.length) return;
    this.#bytes.writeUInt16LE(0, this.length);
    this.length += endBytes;
  }
}

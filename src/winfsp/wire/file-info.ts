/**
 * FSP_FSCTL_FILE_INFO from the engine's FileInfo: for nearly every answer, so without allocation.
 */
import type { Buffer } from 'node:buffer';
import type { FileInfo } from '../../fsbridge/file-info.ts';
import { high32, low32 } from '../../int64.ts';
import { fileInfo } from './layouts.ts';

export function writeFileInfo(bytes: Buffer, at: number, info: FileInfo): void {
  bytes.writeUInt32LE(info.fileAttributes, at + fileInfo.FileAttributes);
  bytes.writeUInt32LE(info.reparseTag, at + fileInfo.ReparseTag);
  writeU53(bytes, at + fileInfo.AllocationSize, info.allocationSize);
  writeU53(bytes, at + fileInfo.FileSize, info.fileSize);
  bytes.writeUInt32LE(info.creationTimeLow, at + fileInfo.CreationTime);
  bytes.writeUInt32LE(info.creationTimeHigh, at + fileInfo.CreationTime + 4);
  bytes.writeUInt32LE(info.lastAccessTimeLow, at + fileInfo.LastAccessTime);
  bytes.writeUInt32LE(info.lastAccessTimeHigh, at + fileInfo.LastAccessTime + 4);
  bytes.writeUInt32LE(info.lastWriteTimeLow, at + fileInfo.LastWriteTime);
  bytes.writeUInt32LE(info.lastWriteTimeHigh, at + fileInfo.LastWriteTime + 4);
  bytes.writeUInt32LE(info.changeTimeLow, at + fileInfo.ChangeTime);
  bytes.writeUInt32LE(info.changeTimeHigh, at + fileInfo.ChangeTime + 4);
  bytes.writeUInt32LE(info.indexNumberLow, at + fileInfo.IndexNumber);
  bytes.writeUInt32LE(info.indexNumberHigh, at + fileInfo.IndexNumber + 4);
  bytes.writeUInt32LE(info.hardLinks, at + fileInfo.HardLinks);
  bytes.writeUInt32LE(info.eaSize, at + fileInfo.EaSize);
}

/** A size or an offset as a UINT64. */
export function writeU53(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32LE(low32(value), at);
  bytes.writeUInt32LE(high32(value), at + 4);
}

/**
 * A part of a block device as a ByteReader: detection asks for any range of bytes, a device answers
 * whole blocks.
 */
import { Buffer } from 'node:buffer';
import type { BlockDevice } from '../block/block-device.ts';
import type { ByteReader } from './cached-reader.ts';

/** Reads through `device` from offsetBytes on; ranges outside of it read as undefined. */
export function readerOf(
  device: BlockDevice,
  offsetBytes = 0,
  sizeBytes: number = device.sizeBytes - offsetBytes,
): ByteReader {
  const block = device.logicalBlockBytes;
  return {
    sizeBytes,
    async read(atBytes: number, lengthBytes: number): Promise<Uint8Array | undefined> {
      const begin = offsetBytes + atBytes;
      const first = Math.floor(begin / block) * block;
      const end = Math.ceil((begin + lengthBytes) / block) * block;
      if (atBytes < 0 || atBytes + lengthBytes > sizeBytes || end > device.sizeBytes) {
        return undefined;
      }
      const bytes = Buffer.allocUnsafe(end - first);
      const errno = await device.read([bytes], first);
      return errno < 0 ? undefined : bytes.subarray(begin - first, begin - first + lengthBytes);
    },
  };
}

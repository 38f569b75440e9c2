/** ByteReaders for the tests of volumes: over a file, and over a few pieces in a sea of zeroes. */

import { type FileHandle, open } from 'node:fs/promises';
import type { ByteReader } from '../../../src/probe/cached-reader.ts';
import { detect } from '../../../src/probe/detect.ts';
import type { Detected } from '../../../src/probe/detected.ts';

/** A disk of zeroes but for these pieces: [offset in bytes, content]; later ones lie on top. */
export function sparse(
  sizeBytes: number,
  pieces: readonly (readonly [number, Uint8Array])[],
): ByteReader {
  return {
    sizeBytes,
    read(offsetBytes, lengthBytes) {
      if (offsetBytes + lengthBytes > sizeBytes) return Promise.resolve(undefined);
      const out = new Uint8Array(lengthBytes);
      for (const [at, bytes] of pieces) {
        const from = Math.max(at, offsetBytes);
        const to = Math.min(at + bytes.length, offsetBytes + lengthBytes);
        if (from < to) out.set(bytes.subarray(from - at, to - at), from - offsetBytes);
      }
      return Promise.resolve(out);
    },
  };
}

/** The same disk with some bytes replaced. */
export function patched(reader: ByteReader, patch: ReadonlyMap<number, number>): ByteReader {
  return {
    sizeBytes: reader.sizeBytes,
    async read(offsetBytes, lengthBytes) {
      const bytes = (await reader.read(offsetBytes, lengthBytes))?.slice();
      for (const [at, value] of patch) {
        if (at >= offsetBytes && at < offsetBytes + lengthBytes)
          bytes?.fill(value, at - offsetBytes, at - offsetBytes + 1);
      }
      return bytes;
    },
  };
}

function fileReader(handle: FileHandle, sizeBytes: number): ByteReader {
  return {
    sizeBytes,
    async read(offsetBytes, lengthBytes) {
      const bytes = new Uint8Array(lengthBytes);
      const { bytesRead } = await handle.read(bytes, 0, lengthBytes, offsetBytes);
      return bytesRead === lengthBytes ? bytes : undefined;
    },
  };
}

/** Opens a file as a disk for as long as `use` takes. */
export async function withFile<T>(
  path: string,
  use: (reader: ByteReader) => Promise<T>,
): Promise<T> {
  const handle = await open(path, 'r');
  try {
    return await use(fileReader(handle, (await handle.stat()).size));
  } finally {
    await handle.close();
  }
}

/** What an image file holds. */
export function detectFile(path: string): Promise<Detected | undefined> {
  return withFile(path, detect);
}

import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { copyFileData } from '../../../src/cli/copy/copy-file-data.ts';
import type { SourceFile, TargetFile } from '../../../src/cli/copy/sides.ts';
import type { DataExtent } from '../../../src/vfs-linux/tree/copy-data.ts';

const mib = 1024 * 1024;

/** A source in memory, which answers at most `maxBytes` a read. */
function sourceOf(
  content: Buffer,
  extents: readonly DataExtent[] | 'unknown',
  maxBytes = Number.POSITIVE_INFINITY,
): SourceFile {
  return {
    read: async (buffer, offsetBytes) => {
      await new Promise((resolve) => setImmediate(resolve));
      const length = Math.min(buffer.length, maxBytes);
      return content.copy(buffer, 0, offsetBytes, offsetBytes + length);
    },
    nextData: async (from) => {
      if (extents === 'unknown') return 'unknown';
      const next = extents.find(({ endBytes }) => endBytes > from);
      return next && { ...next, beginBytes: Math.max(next.beginBytes, from) };
    },
    close: async () => {},
  };
}

/** A target in memory that remembers what was written where. */
class Target implements TargetFile {
  content: Buffer = Buffer.alloc(0);
  readonly written: [number, number][] = [];

  async write(bytes: Buffer, offsetBytes: number): Promise<void> {
    this.written.push([offsetBytes, offsetBytes + bytes.length]);
    await this.setSize(Math.max(this.content.length, offsetBytes + bytes.length));
    bytes.copy(this.content, offsetBytes);
  }

  async setSize(sizeBytes: number): Promise<void> {
    const grown = Buffer.alloc(sizeBytes);
    this.content.copy(grown);
    this.content = grown;
  }

  async close(): Promise<void> {}
}

function pattern(lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  for (let at = 0; at < lengthBytes; at++) bytes[at] = ((at * 31) % 251) + 1;
  return bytes;
}

async function copy(
  source: SourceFile,
  sizeBytes: number,
  mayHaveHoles = true,
): Promise<{ target: Target; counted: number }> {
  const target = new Target();
  let counted = 0;
  const onBytes = (bytes: number): void => {
    counted += bytes;
  };
  await copyFileData({ source, target, sizeBytes, mayHaveHoles, onBytes });
  return { target, counted };
}

describe('the data of a file', () => {
  test.each([0, 1, 4095, mib, mib + 1, 11 * mib + 3])('of %d bytes arrives whole', async (size) => {
    const content = pattern(size);
    const { target, counted } = await copy(sourceOf(content, 'unknown'), size, false);
    expect(target.content.equals(content)).toBe(true);
    expect(counted).toBe(size);
  });

  test('arrives whole from a source that gives a little at a time', async () => {
    const content = pattern(200_000);
    const { target } = await copy(sourceOf(content, 'unknown', 777), content.length);
    expect(target.content.equals(content)).toBe(true);
  });

  test('is written in order', async () => {
    const content = pattern(9 * mib);
    const { target } = await copy(sourceOf(content, 'unknown'), content.length, false);
    const starts = target.written.map(([start]) => start);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(starts.length).toBe(9);
  });

  test('is copied beyond holes that the source knows, which stay unwritten', async () => {
    const content = Buffer.alloc(6 * mib);
    content.fill(1, mib, mib + 4096);
    content.fill(2, 4 * mib, 4 * mib + 100);
    const extents = [
      { beginBytes: mib, endBytes: mib + 4096 },
      { beginBytes: 4 * mib, endBytes: 4 * mib + 4096 },
    ];
    const { target } = await copy(sourceOf(content, extents), content.length);
    expect(target.content.equals(content)).toBe(true);
    expect(target.written).toEqual(extents.map((one) => [one.beginBytes, one.endBytes]));
  });

  test('keeps its size where it is nothing but a hole', async () => {
    const { target } = await copy(sourceOf(Buffer.alloc(mib), []), mib);
    expect(target.written).toEqual([]);
    expect(target.content.length).toBe(mib);
  });

  test('leaves blocks of zeroes out where the source cannot tell its holes', async () => {
    const content = Buffer.alloc(64 * 1024);
    content.fill(7, 8192, 8193);
    content.fill(7, 20000, 30000);
    const { target } = await copy(sourceOf(content, 'unknown'), content.length);
    expect(target.content.equals(content)).toBe(true);
    expect(target.written).toEqual([
      [8192, 12288],
      [16384, 32768],
    ]);
  });

  test('writes zeroes that are allocated', async () => {
    const { target } = await copy(sourceOf(Buffer.alloc(8192), 'unknown'), 8192, false);
    expect(target.written).toEqual([[0, 8192]]);
  });

  test('ends where the file ends that became shorter meanwhile', async () => {
    const { target } = await copy(sourceOf(pattern(5000), 'unknown'), 3 * mib, false);
    expect(target.content.equals(pattern(5000))).toBe(true);
  });

  test('that cannot be read fails with the error of the read', async () => {
    const source = sourceOf(pattern(8 * mib), 'unknown');
    const read = source.read;
    source.read = async (buffer, offsetBytes) => {
      if (offsetBytes >= 3 * mib) throw Object.assign(new Error('bad sector'), { code: 'EIO' });
      return read(buffer, offsetBytes);
    };
    const target = new Target();
    const parts = { source, target, sizeBytes: 8 * mib, mayHaveHoles: false, onBytes: () => {} };
    await expect(copyFileData(parts)).rejects.toThrow('bad sector');
    expect(target.content.length).toBe(3 * mib);
  });
});

test('all before a place that cannot be read is written', async () => {
  const content = Buffer.alloc(3 * mib, 'x');
  const badBytes = mib + 300_000;
  const source = sourceOf(content, 'unknown', 4096);
  const target = new Target();
  const read: SourceFile['read'] = async (buffer, offsetBytes) => {
    if (offsetBytes >= badBytes) throw new Error('bad block');
    return source.read(buffer.subarray(0, badBytes - offsetBytes), offsetBytes);
  };
  const copying = copyFileData({
    source: { ...source, read },
    target,
    sizeBytes: content.length,
    mayHaveHoles: false,
    onBytes: () => {},
  });
  await expect(copying).rejects.toMatchObject({ atBytes: badBytes });
  expect(target.content.length).toBe(badBytes);
});

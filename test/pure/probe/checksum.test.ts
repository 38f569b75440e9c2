/** The checksums against their published test values. */

import { createHash } from 'node:crypto';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { crc32, crc32c, crcWithHole, xxhash64 } from '../../../src/probe/checksum.ts';

const ascii = new TextEncoder();
const check: Uint8Array = ascii.encode('123456789');

describe('the checksums', () => {
  test('CRC-32 agrees with zlib', () => {
    const bytes = createHash('sha512').update('any').digest();
    expect((crc32(0xffffffff, bytes) ^ 0xffffffff) >>> 0).toBe(zlibCrc32(bytes));
  });

  test('CRC-32C has the check value of its catalogue entry', () => {
    expect((crc32c(0xffffffff, check) ^ 0xffffffff) >>> 0).toBe(0xe3069283);
  });

  test('a hole counts as zeroes', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const zeroed = Uint8Array.of(1, 2, 0, 0, 0, 0, 7, 8);
    expect(crcWithHole(crc32c, 7, bytes, 2)).toBe(crc32c(7, zeroed));
  });

  test('xxHash64 has its published values, below and above 32 bytes', () => {
    expect(xxhash64(new Uint8Array())).toBe(0xef46db3751d8e999n);
    expect(xxhash64(ascii.encode('abc'))).toBe(0x44bc2cf5ad770999n);
    const long = 'Nobody inspects the spammish repetition';
    expect(xxhash64(ascii.encode(long))).toBe(0xfbcea83c8a378bf1n);
  });
});

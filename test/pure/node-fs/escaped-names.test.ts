import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeName, encodeName } from '../../../src/node-fs/escaped-names.ts';

const bytesOf = (name: string): Buffer => Buffer.from(encodeName(name));

describe('a name as a string', () => {
  test('is decoded as UTF-8 if it is UTF-8', () => {
    for (const name of ['plain', 'Grüße', '日本', '🎈', '\ufffd', 'a\ufffdb']) {
      expect(decodeName(Buffer.from(name))).toBe(name);
      expect(encodeName(name)).toBe(name);
    }
  });

  test('has a lone surrogate for each byte that is not UTF-8', () => {
    expect(decodeName(Buffer.from([0x61, 0xff, 0x62]))).toBe('a\udcffb');
    expect(decodeName(Buffer.from('caf\xe9', 'latin1'))).toBe('caf\udce9');
    // Neither an encoded surrogate nor a sequence that is cut off is valid UTF-8.
    expect(decodeName(Buffer.from([0xed, 0xa0, 0x80]))).toBe('\udced\udca0\udc80');
    expect(decodeName(Buffer.from([0xf0, 0x9f, 0x8e]))).toBe('\udcf0\udc9f\udc8e');
  });

  test('leads back to the same bytes, whatever they are', () => {
    const name = fc.uint8Array({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(name, (bytes) => {
        expect(bytesOf(decodeName(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test('leads back to the same bytes if valid and invalid parts alternate', () => {
    const part = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 3 }).map((text) => Buffer.from(text)),
      fc.uint8Array({ min: 0x80, minLength: 1, maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const bytes = Buffer.concat(parts);
        expect(bytesOf(decodeName(bytes))).toEqual(bytes);
      }),
    );
  });

  test('keeps its escapes when paths are joined', () => {
    const bad = decodeName(Buffer.from([0xe9]));
    expect(bytesOf(`folder/${bad}/🎈${bad}`)).toEqual(
      Buffer.concat([Buffer.from('folder/'), Buffer.of(0xe9), Buffer.from('/🎈'), Buffer.of(0xe9)]),
    );
  });

  test('with any other lone surrogate has U+FFFD in its place, as in Node', () => {
    expect(bytesOf('a\ud800b')).toEqual(Buffer.from('a\ufffdb'));
  });
});

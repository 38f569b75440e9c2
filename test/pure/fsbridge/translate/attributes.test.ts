import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AttributeOptions,
  type AttributeSource,
  FILE_ATTRIBUTE,
  fileAttributesOf,
  modeWithReadonly,
  storedAttributeBits,
} from '../../../../src/fsbridge/translate/attributes.ts';
import { formatDosAttrib, parseDosAttrib } from '../../../../src/fsbridge/translate/dos-attrib.ts';
import { testSeed } from '../../../support/random.ts';

const seed = testSeed();
const file: AttributeSource = { mode: 0o100644, size: 5, blocks: 8, blksize: 4096, attributes: 0 };
const directory: AttributeSource = { ...file, mode: 0o040755, size: 4096 };
const link: AttributeSource = { ...file, mode: 0o120777, blocks: 0 };

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(FILE_ATTRIBUTE).map(([name, bit]) => [bit, name]),
);
function show(attributes: number): string {
  return [...names].flatMap(([bit, name]) => ((attributes & bit) === 0 ? [] : [name])).join(' ');
}

describe('the attributes of an inode', () => {
  test.each<[string, AttributeSource, AttributeOptions, string]>([
    ['NORMAL where there is no other', file, {}, 'NORMAL'],
    ['DIRECTORY of a directory', directory, {}, 'DIRECTORY'],
    ['REPARSE_POINT of a symbolic link', link, {}, 'REPARSE_POINT'],
    [
      'both where the link’s target is a directory',
      link,
      { isDirectoryLink: true },
      'DIRECTORY REPARSE_POINT',
    ],
    ['REPARSE_POINT of a FIFO', { ...file, mode: 0o010644 }, {}, 'REPARSE_POINT'],
    ['no REPARSE_POINT where links are followed', link, { isReparsePoint: false }, 'NORMAL'],
    ['READONLY where nobody may write', { ...file, mode: 0o100444 }, {}, 'READONLY'],
    ['no READONLY while the group may write', { ...file, mode: 0o100464 }, {}, 'NORMAL'],
    ['READONLY of an immutable file', { ...file, attributes: 0x10 }, {}, 'READONLY'],
    ['no READONLY by mode on a directory', { ...directory, mode: 0o040555 }, {}, 'DIRECTORY'],
    [
      'READONLY on a directory where it is stored',
      directory,
      { dosAttributes: 0x1 },
      'READONLY DIRECTORY',
    ],
    ['what is stored', file, { dosAttributes: 0x26 }, 'HIDDEN SYSTEM ARCHIVE'],
    [
      'nothing stored that is the inode’s own to say',
      file,
      { dosAttributes: 0xffff_ffff },
      show(storedAttributeBits),
    ],
    [
      'SPARSE_FILE with a hole of a block',
      { ...file, size: 12_288, blocks: 16 },
      {},
      'SPARSE_FILE',
    ],
    ['not for a small file inside its inode', { ...file, size: 60, blocks: 0 }, {}, 'NORMAL'],
    ['not for the rest of the last block', { ...file, size: 4096, blocks: 8 }, {}, 'NORMAL'],
    [
      'COMPRESSED, which is no hole',
      { ...file, size: 1 << 20, blocks: 8, attributes: 0x4 },
      {},
      'COMPRESSED',
    ],
  ])('%s', (_rule, statx, options, attributes) => {
    expect(show(fileAttributesOf(statx, options))).toBe(attributes);
  });
});

describe('READONLY as a mode', () => {
  test.each([
    ['takes every write bit', 0o100666, true, 0o100444],
    ['keeps setuid and the rest', 0o104755, true, 0o104555],
    ['gives the owner his', 0o100444, false, 0o100644],
    ['leaves a mode that somebody may write', 0o100464, false, 0o100464],
    ['leaves a directory', 0o040755, true, 0o040755],
  ])('%s', (_rule, mode, readonly, wanted) => {
    expect(modeWithReadonly(mode, readonly)).toBe(wanted);
  });
});

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

describe('user.DOSATTRIB, as versions of Samba write it', () => {
  const creationTime = 0x01dcaa54ae1d9c99n;

  test.each<[string, Buffer, number | undefined, bigint | undefined]>([
    ['text alone', Buffer.from('0x22'), 0x22, undefined],
    ['text with a NUL', Buffer.from('0x6\0'), 0x6, undefined],
    [
      'version 1',
      hex(
        '00 00 0100 0100 0000 20000000 00000000 0500000000000000 0010000000000000' +
          '999c1dae54aadc01 0000000000000000',
      ),
      0x20,
      creationTime,
    ],
    [
      'version 2',
      hex(
        '00 00 0200 0200 0000 01000000 22000000 00000000 0500000000000000' +
          '0010000000000000 999c1dae54aadc01 0000000000000000 0000000000000000 6100',
      ),
      0x22,
      creationTime,
    ],
    [
      'version 3, with the text (3.5)',
      hex(
        '3078323000 00 0300 0300 0000 11000000 20000000' +
          '00000000 0000000000000000 0000000000000000 999c1dae54aadc01 0000000000000000',
      ),
      0x20,
      creationTime,
    ],
    [
      'version 3 without a time',
      hex(
        '00 00 0300 0300 0000 01000000 27000000 00000000' +
          '0000000000000000 0000000000000000 0000000000000000 0000000000000000',
      ),
      0x27,
      undefined,
    ],
    [
      'version 4 (4.11)',
      hex('00 00 0400 0400 0000 51000000 20000000 98e775578306d601' + '999c1dae54aadc01'),
      0x20,
      creationTime,
    ],
    // From a bug report about Samba 4.x: a symbolic link, so it says REPARSE_POINT too.
    [
      'version 5 (4.15)',
      Buffer.from('AAAFAAUAAAARAAAAIAQAAJmcGa5UqtwB', 'base64'),
      0x20,
      0x01dcaa54ae199c99n,
    ],
    [
      'version 5 with a time alone',
      hex('00 00 0500 0500 0000 10000000 ffffffff 999c1dae54aadc01'),
      undefined,
      creationTime,
    ],
    [
      'a time that is none',
      hex('00 00 0500 0500 0000 11000000 02000000 00000000 00000080'),
      0x2,
      undefined,
    ],
    ['the version of compatibility', hex('3078323200 00 ffff ffff 0000 22000000'), 0x22, undefined],
  ])('%s', (_version, value, attributes, time) => {
    expect(parseDosAttrib(value)).toEqual({ attributes, creationTime: time });
  });

  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['another text', Buffer.from('hidden')],
    ['a version that is to come', hex('00 00 0600 0600 0000 11000000 20000000 00000000 00000000')],
    ['two versions', hex('00 00 0300 0500 0000 11000000 20000000 00000000 00000000')],
    ['an end before its time', hex('00 00 0500 0500 0000 11000000 20000000 999c1dae')],
    ['a text without an end', Buffer.alloc(100, 0x30)],
  ])('is nothing for %s', (_what, value) => {
    expect(parseDosAttrib(value)).toBeUndefined();
  });

  test('is written in version 3, which every Samba reads', () => {
    expect(formatDosAttrib({ attributes: 0x22, creationTime })).toEqual(
      hex(
        '00 00 0300 0300 0000 11000000 22000000 00000000 0000000000000000 0000000000000000' +
          '999c1dae54aadc01 0000000000000000',
      ),
    );
  });

  test(`comes back as it was written (seed ${seed})`, () => {
    const attributes = fc.option(
      fc.nat(0xffff).map((bits) => bits & storedAttributeBits),
      { nil: undefined },
    );
    const time = fc.option(fc.bigInt({ min: 1n, max: 0x7fffffffffffffffn }), { nil: undefined });
    fc.assert(
      fc.property(attributes, time, (bits, creation) => {
        const attrib = { attributes: bits, creationTime: creation };
        expect(parseDosAttrib(formatDosAttrib(attrib))).toEqual(attrib);
      }),
      { seed, numRuns: 2_000 },
    );
  });

  test(`is never an exception, whatever the bytes are (seed ${seed})`, () => {
    const mutated = fc.uint8Array({ minLength: 2, maxLength: 70 }).map((bytes) => {
      bytes.set([0, 0], 0);
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 70 }), mutated), (bytes) => {
        parseDosAttrib(bytes);
      }),
      { seed, numRuns: 10_000 },
    );
  });
});

import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linuxTargetOf, windowsTargetOf } from '../../../../src/fsbridge/translate/link-targets.ts';
import {
  type NtStatus,
  ntStatusName,
  STATUS,
} from '../../../../src/fsbridge/translate/ntstatus.ts';
import {
  IO_REPARSE_TAG,
  inodeOfReparse,
  reparseOfInode,
  reparseTagConflict,
  reparseTagOf,
} from '../../../../src/fsbridge/translate/reparse.ts';
import { testSeed } from '../../../support/random.ts';

const seed = testSeed();
const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
const linkMode = 0o120777;

function reparse(tag: number, data: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(tag, 0);
  header.writeUInt16LE(data.length, 4);
  return Buffer.concat([header, data]);
}
/** A symbolic link's or mount point's data, the print name first, as some programs lay it out. */
function named(substitute: string, print: string, flags?: number): Buffer {
  const numbers = Buffer.alloc(flags === undefined ? 8 : 12);
  numbers.writeUInt16LE(print.length * 2, 0);
  numbers.writeUInt16LE(substitute.length * 2, 2);
  numbers.writeUInt16LE(0, 4);
  numbers.writeUInt16LE(print.length * 2, 6);
  if (flags !== undefined) numbers.writeUInt32LE(flags, 8);
  return Buffer.concat([numbers, utf16(print), utf16(substitute)]);
}
const symlinkTo = (substitute: string, flags: number): Buffer =>
  reparse(IO_REPARSE_TAG.SYMLINK, named(substitute, substitute, flags));

describe('a symbolic link of Linux', () => {
  test('is a SYMLINK reparse point, byte for byte (MS-FSCC 2.1.2.4)', () => {
    expect(reparseOfInode(linkMode, Buffer.from('../a'))).toEqual(
      hex(`0c0000a0 1c00 0000 0000 0800 0800 0800 01000000
           2e00 2e00 5c00 6100 2e00 2e00 5c00 6100`),
    );
  });

  test.each<[string, string, string]>([
    ['relative', 'a/b', 'a\\b'],
    ['upwards', '../../x', '..\\..\\x'],
    ['here', '.', '.'],
    ['absolute is from the volume’s root', '/etc/x', '\\etc\\x'],
    ['the root', '/', '\\'],
    ['with a slash at the end', 'dir/', 'dir\\'],
    ['absolute with a slash at the end', '/dir/', '\\dir\\'],
    ['with names that Windows cannot have', 'a:b/con/c.', 'a\uf03ab\\co\uf06e\\c\uf02e'],
    ['with a backslash', 'a\\b', 'a\uf05cb'],
    ['that looks like a drive', 'C:/x', 'C\uf03a\\x'],
  ])('%s: %s', (_what, linux, windows) => {
    const target = windowsTargetOf(Buffer.from(linux));
    expect(target).toEqual({ substituteName: windows, printName: windows, isRelative: true });
    expect(linuxTargetOf(windows, true)).toEqual(Buffer.from(linux));
  });

  test('with a run of slashes has one', () => {
    expect(windowsTargetOf(Buffer.from('//a///b//')).substituteName).toBe('\\a\\b\\');
  });

  test('with bytes that are no UTF-8 keeps them', () => {
    const target = Buffer.from('caf\xe9/x', 'latin1');
    expect(windowsTargetOf(target).substituteName).toBe('caf\uf0e9\\x');
    expect(linuxTargetOf('caf\uf0e9\\x', true)).toEqual(target);
  });

  test(`leads back to the same target, whatever its bytes are (seed ${seed})`, () => {
    const name = fc
      .uint8Array({ minLength: 1, maxLength: 12 })
      .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 1 : byte))));
    const part = fc.oneof(
      name,
      fc.constantFrom('.', '..', '??', 'C:', 'UNC').map((t) => Buffer.from(t)),
    );
    const targets = fc
      .tuple(fc.boolean(), fc.array(part, { minLength: 1, maxLength: 6 }), fc.boolean())
      .map(([absolute, parts, slashed]) => {
        const path = parts.map((p) => p.toString('latin1')).join('/');
        return Buffer.from(`${absolute ? '/' : ''}${path}${slashed ? '/' : ''}`, 'latin1');
      });
    fc.assert(
      fc.property(targets, (target) => {
        const buffer = reparseOfInode(linkMode, target) as Buffer;
        expect(inodeOfReparse(buffer)).toMatchObject({ kind: 'symlink', target });
      }),
      { seed, numRuns: 10_000 },
    );
  });
});

describe('a symbolic link of Windows', () => {
  test.each<[string, string, number, string]>([
    ['relative', 'dir\\file', 1, 'dir/file'],
    ['from the volume’s root', '\\dir', 1, '/dir'],
    ['with slashes', 'dir/file', 1, 'dir/file'],
    ['on a drive', '\\??\\C:\\Users', 0, '/??/C:/Users'],
    ['on a server', '\\??\\UNC\\server\\share\\x', 0, '/??/UNC/server/share/x'],
    ['on a volume without a letter', '\\??\\Volume{01}\\', 0, '/??/Volume{01}/'],
  ])('%s: %s', (_what, substitute, flags, target) => {
    const result = inodeOfReparse(symlinkTo(substitute, flags));
    expect(result).toMatchObject({ kind: 'symlink' });
    expect((result as { target: Buffer }).target.toString()).toBe(target);
  });

  test('that left the volume leaves it again, with a name that a person can read', () => {
    expect(windowsTargetOf(Buffer.from('/??/C:/Users'))).toEqual({
      substituteName: '\\??\\C:\\Users',
      printName: 'C:\\Users',
      isRelative: false,
    });
    expect(windowsTargetOf(Buffer.from('/??/UNC/server/share'))).toMatchObject({
      substituteName: '\\??\\UNC\\server\\share',
      printName: '\\\\server\\share',
    });
  });

  test.each(['/??/', '/??//C:/x', '/??/a\\b', '/??/caf\xe9'])(
    'is not what only looks like one that left: %j',
    (target) => {
      expect(windowsTargetOf(Buffer.from(target, 'latin1'))).toMatchObject({ isRelative: true });
    },
  );

  test('may be a mount point', () => {
    const data = named('\\??\\C:\\dir', 'C:\\dir');
    expect(inodeOfReparse(reparse(IO_REPARSE_TAG.MOUNT_POINT, data))).toEqual({
      kind: 'symlink',
      target: Buffer.from('/??/C:/dir'),
    });
  });

  test('of WSL has Linux’s own target', () => {
    const target = Buffer.from('a:b/\xff', 'latin1');
    const data = Buffer.concat([hex('02000000'), target]);
    expect(inodeOfReparse(reparse(IO_REPARSE_TAG.LX_SYMLINK, data))).toMatchObject({ target });
  });

  test('of the NFS server has Linux’s target in UTF-16', () => {
    const data = Buffer.concat([hex('4c4e4b0100000000'), utf16('../grün')]);
    expect(inodeOfReparse(reparse(IO_REPARSE_TAG.NFS, data))).toMatchObject({
      kind: 'symlink',
      target: Buffer.from('../grün'),
    });
  });
});

describe('a special file', () => {
  test.each<[string, number, string]>([
    ['fifo', 0o010644, '24000080 0000 0000'],
    ['socket', 0o140644, '23000080 0000 0000'],
    ['chr', 0o020644, '25000080 0000 0000'],
    ['blk', 0o060644, '26000080 0000 0000'],
  ])('%s has WSL’s tag', (kind, mode, bytes) => {
    const buffer = reparseOfInode(mode, undefined);
    expect(buffer).toEqual(hex(bytes));
    expect(buffer?.readUInt32LE(0)).toBe(reparseTagOf(mode));
    expect(inodeOfReparse(buffer as Buffer)).toMatchObject({ kind });
  });

  test.each<[string, string, object]>([
    ['fifo', '14000080 0800 0000 4649464f00000000', {}],
    ['socket', '14000080 0800 0000 534f434b00000000', {}],
    ['chr', '14000080 1000 0000 4348520000000000 05000000 01000000', { rdevMajor: 5 }],
    ['blk', '14000080 1000 0000 424c4b0000000000 05000000 01000000', { rdevMinor: 1 }],
  ])('%s is made from NFS’s tag too', (kind, bytes, numbers) => {
    expect(inodeOfReparse(hex(bytes))).toMatchObject({ kind, ...numbers });
  });

  test('is no reparse point where it is a file or a directory', () => {
    expect(reparseOfInode(0o100644, undefined)).toBeUndefined();
    expect(reparseTagOf(0o040755)).toBe(0);
  });
});

describe('what is no reparse point that Linux can have', () => {
  test.each<[string, Buffer, NtStatus]>([
    ['nothing', Buffer.alloc(0), STATUS.IO_REPARSE_DATA_INVALID],
    [
      'more than 16 KiB',
      reparse(IO_REPARSE_TAG.LX_FIFO, Buffer.alloc(16_400)),
      STATUS.IO_REPARSE_DATA_INVALID,
    ],
    ['a length that is not the data’s', hex('24000080 0400 0000'), STATUS.IO_REPARSE_DATA_INVALID],
    ['a reserved tag', reparse(0x1, Buffer.alloc(16)), STATUS.IO_REPARSE_DATA_INVALID],
    [
      'a reserved tag with its GUID',
      hex(`01000000 0000 0000 ${'00'.repeat(16)}`),
      STATUS.IO_REPARSE_TAG_INVALID,
    ],
    [
      'another maker’s tag',
      hex(`34120000 0000 0000 ${'00'.repeat(16)}`),
      STATUS.IO_REPARSE_TAG_NOT_HANDLED,
    ],
    ['a file of OneDrive', reparse(0x9000001a, Buffer.alloc(4)), STATUS.IO_REPARSE_TAG_NOT_HANDLED],
    [
      'a symbolic link with names outside',
      reparse(IO_REPARSE_TAG.SYMLINK, hex('0000 ff00 0000 0000 01000000 6100')),
      STATUS.IO_REPARSE_DATA_INVALID,
    ],
    [
      'a symbolic link with half a unit',
      reparse(IO_REPARSE_TAG.SYMLINK, hex('0000 0300 0000 0000 01000000 61006100')),
      STATUS.IO_REPARSE_DATA_INVALID,
    ],
    [
      'a symbolic link with a print name outside',
      reparse(IO_REPARSE_TAG.SYMLINK, hex('0000 0200 0000 0400 01000000 6100')),
      STATUS.IO_REPARSE_DATA_INVALID,
    ],
    ['a symbolic link to nothing', symlinkTo('', 1), STATUS.IO_REPARSE_DATA_INVALID],
    ['an absolute one without a device', symlinkTo('C:\\x', 0), STATUS.IO_REPARSE_DATA_INVALID],
    [
      'a relative one with a name that Windows cannot have',
      symlinkTo('a*b', 1),
      STATUS.IO_REPARSE_DATA_INVALID,
    ],
    [
      'a target with a NUL',
      reparse(IO_REPARSE_TAG.LX_SYMLINK, hex('02000000 6100')),
      STATUS.IO_REPARSE_DATA_INVALID,
    ],
    ['a target beyond PATH_MAX', symlinkTo('a\\'.repeat(2048), 1), STATUS.IO_REPARSE_DATA_INVALID],
    [
      'WSL’s link of another version',
      reparse(IO_REPARSE_TAG.LX_SYMLINK, hex('01000000 61')),
      STATUS.IO_REPARSE_DATA_INVALID,
    ],
    [
      'an NFS type that is none',
      reparse(IO_REPARSE_TAG.NFS, hex('5858580000000000')),
      STATUS.IO_REPARSE_DATA_INVALID,
    ],
    [
      'an NFS device without numbers',
      reparse(IO_REPARSE_TAG.NFS, hex('4348520000000000')),
      STATUS.IO_REPARSE_DATA_INVALID,
    ],
  ])('%s', (_what, buffer, status) => {
    const result = inodeOfReparse(buffer);
    expect(result.kind).toBe('refused');
    expect(ntStatusName((result as { status: NtStatus }).status)).toBe(ntStatusName(status));
  });

  test(`is never an exception, whatever the bytes are (seed ${seed})`, () => {
    const data = fc.uint8Array({ maxLength: 80 });
    const tag = fc.oneof(fc.constantFrom(...Object.values(IO_REPARSE_TAG)), fc.nat(0xffffffff));
    fc.assert(
      fc.property(tag, data, (number, bytes) => {
        const result = inodeOfReparse(reparse(number, Buffer.from(bytes)));
        if (result.kind === 'symlink') expect(result.target.length).toBeGreaterThan(0);
      }),
      { seed, numRuns: 10_000 },
    );
  });
});

test.each<[string, number, number, boolean, string]>([
  ['a tag is set on what has none', 0, IO_REPARSE_TAG.SYMLINK, false, 'SUCCESS'],
  ['a tag is set again', IO_REPARSE_TAG.SYMLINK, IO_REPARSE_TAG.SYMLINK, false, 'SUCCESS'],
  [
    'another tag is refused',
    IO_REPARSE_TAG.SYMLINK,
    IO_REPARSE_TAG.LX_FIFO,
    false,
    'IO_REPARSE_TAG_MISMATCH',
  ],
  ['nothing is deleted where none is', 0, IO_REPARSE_TAG.SYMLINK, true, 'NOT_A_REPARSE_POINT'],
  [
    'another tag is not deleted',
    IO_REPARSE_TAG.LX_FIFO,
    IO_REPARSE_TAG.SYMLINK,
    true,
    'IO_REPARSE_TAG_MISMATCH',
  ],
])('%s', (_rule, existing, request, isDelete, status) => {
  expect(ntStatusName(reparseTagConflict(existing, request, isDelete))).toBe(status);
});

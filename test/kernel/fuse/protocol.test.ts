/**
 * The layouts against linux/fuse.h, where the machine has it: sizes and offsets as a C compiler has
 * them. And a message and an answer, byte by byte.
 */
import { Buffer } from 'node:buffer';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { EntryWriter } from '../../../src/fuse/entry-writer.ts';
import { Message, type WireBuffer } from '../../../src/fuse/message.ts';
import { Node, Nodes } from '../../../src/fuse/nodes.ts';
import { operationNames, operations, placeOf } from '../../../src/fuse/operations.ts';
import * as protocol from '../../../src/fuse/protocol.ts';
import { abi } from '../../../src/vfs-linux/abi.gen.ts';
import { describeUnless } from '../../support/needs.ts';

const compiler = ['clang', 'clang-19', 'cc'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);
const header = '/usr/include/linux/fuse.h';
const missing =
  compiler === undefined
    ? 'there is no C compiler'
    : fs.existsSync(header)
      ? undefined
      : `there is no ${header}`;

/** Evaluates C expressions on linux/fuse.h. */
function evaluate(expressions: readonly string[]): number[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-fuse-h-'));
  try {
    const source = path.join(folder, 'main.c');
    const lines = expressions.map((one) => `  printf("%lld\\n", (long long)(${one}));`);
    const text = [
      '#include <stddef.h>',
      '#include <stdio.h>',
      '#include <linux/fuse.h>',
      'int main(void) {',
      ...lines,
      '  return 0; }',
    ].join('\n');
    fs.writeFileSync(source, text);
    const program = path.join(folder, 'main');
    execFileSync(compiler as string, [source, '-o', program]);
    return execFileSync(program).toString().trim().split('\n').map(Number);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

describeUnless(missing)('the layouts are those of linux/fuse.h', () => {
  test('sizes', () => {
    const known: Readonly<Record<string, string>> = {
      attr: 'struct fuse_attr',
      attrOut: 'struct fuse_attr_out',
      entryOut: 'struct fuse_entry_out',
      openOut: 'struct fuse_open_out',
      initIn: 'struct fuse_init_in',
      initOut: 'struct fuse_init_out',
      statfsOut: 'struct fuse_statfs_out',
      writeIn: 'struct fuse_write_in',
      writeOut: 'struct fuse_write_out',
      getxattrOut: 'struct fuse_getxattr_out',
      lseekOut: 'struct fuse_lseek_out',
      ioctlOut: 'struct fuse_ioctl_out',
      setattrIn: 'struct fuse_setattr_in',
      dirent: 'struct fuse_dirent',
      direntplus: 'struct fuse_direntplus',
      notifyInvalInodeOut: 'struct fuse_notify_inval_inode_out',
    };
    // Newer than some machines' header: 32 bytes before a struct statx.
    const { statxOut, ...sizes } = protocol.sizes;
    expect(statxOut).toBe(32 + abi['statx.size']);
    expect(Object.keys(sizes).sort()).toEqual(Object.keys(known).sort());
    const names = Object.keys(sizes);
    const real = evaluate(names.map((name) => `sizeof(${known[name]})`));
    expect(Object.fromEntries(names.map((name, index) => [name, real[index]]))).toEqual(sizes);
  });

  test.each([
    ['fuse_in_header', protocol.inHeader],
    ['fuse_attr', protocol.attr],
    ['fuse_entry_out', protocol.entryOut],
    ['fuse_attr_out', protocol.attrOut],
    ['fuse_setattr_in', protocol.setattrIn],
  ] as const)('members of %s', (struct, words) => {
    const names = Object.keys(words);
    const real = evaluate(names.map((name) => `offsetof(struct ${struct}, ${snake(name)}) / 4`));
    expect(Object.fromEntries(names.map((name, index) => [name, real[index]]))).toEqual(words);
  });

  test('operation codes', () => {
    const known = operations.filter(({ opcode }) => opcode > 0 && opcode < 52);
    const real = evaluate(known.map(({ name }) => `FUSE_${name}`));
    expect(known.map(({ opcode }) => opcode)).toEqual(real);
  });

  test('flags', () => {
    const { initFlags } = protocol;
    expect(evaluate(['FUSE_WRITEBACK_CACHE', 'FUSE_HANDLE_KILLPRIV_V2', 'FUSE_INIT_EXT'])).toEqual([
      initFlags.writebackCache,
      initFlags.handleKillprivV2,
      initFlags.initExt,
    ]);
  });
});

function wireBuffer(bytes: Buffer): WireBuffer {
  const copy = new Uint8Array(bytes).buffer;
  const data = Buffer.alloc(0);
  return { bytes: Buffer.from(copy), u32: new Uint32Array(copy), data, pool: undefined };
}

/** A LOOKUP of "notes.txt" in node 3, by user 1000 of group 100. */
const lookupBytes = Buffer.from(
  [
    '34000000', // len 52
    '01000000', // opcode LOOKUP
    '0200000000000000', // unique 2
    '0300000000000000', // nodeid 3
    'e8030000', // uid 1000
    '64000000', // gid 100
    '39300000', // pid 12345
    '00000000', // no extensions
    '6e6f7465732e74787400', // "notes.txt"
    '0000',
  ].join(''),
  'hex',
);

test('a message has the caller, the node and the name', () => {
  const buffer = wireBuffer(lookupBytes);
  const message = new Message(buffer, 50);
  expect(message).toMatchObject({ uniqueLow: 2, uniqueHigh: 0, nodeId: 3, uid: 1000, gid: 100 });
  expect(operationNames[placeOf(message.opcode)]).toBe('LOOKUP');
  const name = message.name(0);
  expect(name?.bytes.toString('latin1', name.start, name.end)).toBe('notes.txt');
});

test('a name without its end inside the message is none', () => {
  const buffer = wireBuffer(lookupBytes);
  expect(new Message(buffer, 49).name(0)).toBeUndefined();
  expect(new Message(buffer, 50).name(9)).toBeUndefined();
  expect(new Message(buffer, 50).name(100)).toBeUndefined();
});

test('numbers of 64 bits keep their sign', () => {
  const body = Buffer.alloc(48);
  body.writeBigInt64LE(-1_000_000_000_000n, 40);
  const message = new Message(wireBuffer(body), 48);
  expect(message.signed(0)).toBe(-1_000_000_000_000);
});

/** Nodes of a file system without handles. */
function withRoot(): Nodes {
  const nodes = new Nodes();
  nodes.addRoot(Buffer.from('root'), 5);
  return nodes;
}

test('attributes go out as the kernel has them', () => {
  const statx = Buffer.alloc(abi['statx.size']);
  statx.writeUInt32LE(4096, abi['statx.stx_blksize']);
  statx.writeUInt32LE(3, abi['statx.stx_nlink']);
  statx.writeUInt32LE(1000, abi['statx.stx_uid']);
  statx.writeUInt32LE(100, abi['statx.stx_gid']);
  statx.writeUInt16LE(0o100640, abi['statx.stx_mode']);
  statx.writeBigUInt64LE(0x1_0000_0002n, abi['statx.stx_ino']);
  statx.writeBigUInt64LE(5_000_000_000n, abi['statx.stx_size']);
  statx.writeBigUInt64LE(9_765_632n, abi['statx.stx_blocks']);
  statx.writeBigInt64LE(-5n, abi['statx.stx_mtime']);
  statx.writeUInt32LE(999_999_999, abi['statx.stx_mtime'] + abi['statx_timestamp.tv_nsec']);
  statx.writeUInt32LE(259, abi['statx.stx_rdev_major']);
  statx.writeUInt32LE(0x12345, abi['statx.stx_rdev_minor']);
  const out = Buffer.alloc(protocol.sizes.attrOut);
  const words = (bytes: Buffer): Uint32Array =>
    new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const features = { rootDevice: 0, namesLast: true };
  const writer = new EntryWriter(words(out), { u32: words(statx) }, features, withRoot());
  writer.writeAttrOut(0, new Node(2, 7, 2), 0);
  const at = protocol.attrOut.attr * 4;
  const wide = (word: number): bigint => out.readBigInt64LE(at + word * 4);
  const word = (index: number): number => out.readUInt32LE(at + index * 4);
  const { attr } = protocol;
  expect([wide(attr.ino), wide(attr.size), wide(attr.mtime)]).toEqual([
    0x1_0000_0002n,
    5_000_000_000n,
    -5n,
  ]);
  expect(word(attr.mtimensec)).toBe(999_999_999);
  expect([word(attr.mode), word(attr.nlink)]).toEqual([0o100640, 3]);
  expect([word(attr.uid), word(attr.gid)]).toEqual([1000, 100]);
  // new_encode_dev(): minor's low byte, major, the rest of minor.
  expect(word(attr.rdev)).toBe(0x45 | (259 << 8) | (0x123 << 20));
});

test('an absent name goes out as node 0, which the host may remember', () => {
  const words = new Uint32Array(protocol.sizes.entryOut / 4).fill(1);
  const statx = new Uint32Array(abi['statx.size'] / 4);
  const features = { rootDevice: 0, namesLast: true };
  new EntryWriter(words, { u32: statx }, features, withRoot()).writeAbsent(0);
  expect(words[protocol.entryOut.nodeid]).toBe(0);
  expect(words[protocol.entryOut.entryValid]).toBeGreaterThan(86_400 * 365);
  expect([...words.subarray(protocol.entryOut.attr)].every((word) => word === 0)).toBe(true);
});

test('a name that others may mean too is not remembered', () => {
  const words = new Uint32Array(protocol.sizes.entryOut / 4).fill(1);
  const statx = new Uint32Array(abi['statx.size'] / 4);
  const features = { rootDevice: 0, namesLast: false };
  const writer = new EntryWriter(words, { u32: statx }, features, withRoot());
  writer.writeEntry(0, new Node(2, 7, 2), 0);
  expect(words[protocol.entryOut.nodeid]).toBe(7);
  expect(words[protocol.entryOut.generation]).toBe(2);
  expect(words[protocol.entryOut.entryValid]).toBe(0);
});

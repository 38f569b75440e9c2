/** The model of the driver judges the engine: the faults that it finds, and what it accepts. */
import { describe, expect, test } from 'vitest';
import { Random } from '../../support/random.ts';
import { Driver } from './driver/driver.ts';
import { decodeEas, encodeEas } from './driver/ea.ts';
import { FileDesc, FileNode, sharesWith } from './driver/file-node.ts';
import { Lock } from './driver/lock.ts';
import { isValidPath, matches, win32Pattern } from './driver/name-rules.ts';
import { access, share } from './driver/nt.ts';
import { ProcessMemory } from './driver/process-memory.ts';
import { kind, Request, Response } from './driver/record.ts';
import {
  decodeSymbolicLink,
  encodeSymbolicLink,
  invalidReparse,
  targetOnVolume,
} from './driver/reparse.ts';
import { decodeDescriptor, encodeDescriptor } from './driver/security.ts';

describe('data buffers', () => {
  test('a write past the end of a buffer is found when the buffer is unmapped', () => {
    const memory = new ProcessMemory();
    const buffer = memory.map(10);
    buffer.whole[64 + 10] = 1;
    expect(() => memory.unmap(buffer)).toThrow(/outside/);
  });

  test('a write after the answer is found', () => {
    const memory = new ProcessMemory();
    const buffer = memory.map(10);
    const view = memory.view(buffer.address, 10);
    memory.unmap(buffer);
    memory.verify();
    const again = memory.map(10);
    memory.unmap(again);
    view[3] = 1;
    again.whole[0] = 1;
    expect(() => memory.verify()).toThrow(/after its answer/);
  });

  test('an address cannot be used before it is mapped or after', () => {
    const memory = new ProcessMemory();
    const buffer = memory.map(10);
    expect(() => memory.view(buffer.address, 11)).toThrow(/leaves/);
    memory.unmap(buffer);
    expect(() => memory.view(buffer.address, 1)).toThrow(/not mapped/);
  });
});

test('a detached view has no bytes', () => {
  const memory = new ProcessMemory();
  const buffer = memory.map(10);
  const view = memory.view(buffer.address, 10);
  memory.detach(view);
  expect(view.length).toBe(0);
  memory.unmap(buffer);
  memory.verify();
});

describe('answers', () => {
  const request = new Request(kind.READ);
  const answer = (change: (bytes: Buffer) => void, length = 128): (() => Response) => {
    const bytes = Buffer.alloc(length);
    bytes.writeUInt16LE(128, 2);
    bytes.writeUInt32LE(kind.READ, 4);
    bytes.writeBigUInt64LE(request.hint, 8);
    change(bytes);
    return () => new Response(request, bytes);
  };

  test('a valid answer is accepted', () => {
    expect(answer(() => {})().status).toBe(0);
  });

  test('another kind, another hint, a wrong size and STATUS_PENDING are rejected', () => {
    expect(answer((bytes) => bytes.writeUInt32LE(kind.WRITE, 4))).toThrow(/kind/);
    expect(answer((bytes) => bytes.writeUInt8(1, 8))).toThrow(/hint/);
    expect(answer((bytes) => bytes.writeUInt16LE(120, 2))).toThrow(/size/);
    expect(answer(() => {}, 132)).toThrow(/unaligned/);
    expect(answer((bytes) => bytes.writeUInt32LE(0x103, 20))).toThrow(/PENDING/);
  });

  test('a buffer that leaves the record is a fault', () => {
    const response = answer((bytes) => bytes.writeUInt16LE(8, 26))();
    expect(() => response.blob(24)).toThrow(/behind the answer/);
  });
});

test('the driver accepts valid paths alone', () => {
  for (const good of ['\\', '\\a', '\\a\\b', '\\a\\', '\\a.', '\\ä b']) {
    expect(isValidPath(good, 255), good).toBe(true);
  }
  const bad = ['', 'a', '\\\\', '\\a\\\\b', '\\a*', '\\a:b', '\\a/b', '\\a\x1f'];
  for (const name of [...bad, `\\${'x'.repeat(256)}`]) {
    expect(isValidPath(name, 255), JSON.stringify(name)).toBe(false);
  }
});

test('patterns match as FindFirstFile does', () => {
  const finds = (pattern: string, name: string): boolean =>
    matches(win32Pattern(pattern), name, true);
  expect(finds('*.*', 'README')).toBe(true);
  expect(finds('*.txt', 'a.TXT')).toBe(true);
  expect(finds('*.txt', 'a.txtx')).toBe(false);
  expect(finds('a?.c', 'a.c')).toBe(true);
  expect(finds('a?.c', 'abb.c')).toBe(false);
  expect(finds('*.', 'README')).toBe(true);
  expect(finds('*.', 'README.md')).toBe(false);
  expect(finds('foo.*', 'foo')).toBe(true);
  expect(matches('*b*c*', 'xxabxxcxx', false)).toBe(true);
  expect(matches('A', 'a', false)).toBe(false);
});

test('an opener is let in if all earlier openers share with it', () => {
  const opener = (grantedAccess: number, shareAccess: number): FileDesc =>
    new FileDesc(new FileNode('\\a'), {
      userContext2: 0n,
      grantedAccess,
      shareAccess,
      options: 0,
      userMode: true,
    });
  const readers = [opener(access.READ_DATA, share.READ), opener(access.READ_DATA, share.ALL)];
  expect(sharesWith(readers, access.READ_DATA, share.READ)).toBe(true);
  expect(sharesWith(readers, access.WRITE_DATA, share.ALL)).toBe(false);
  expect(sharesWith(readers, access.READ_DATA, share.WRITE)).toBe(false);
  expect(sharesWith(readers, access.READ_ATTRIBUTES, share.NONE)).toBe(true);
});

test('locks: a rename waits for the creates before it, and creates for the rename', async () => {
  const lock = new Lock();
  const order: string[] = [];
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const work = (name: string) => async (): Promise<void> => {
    order.push(`${name} begins`);
    await turn();
    order.push(`${name} ends`);
  };
  await Promise.all([
    lock.shared(work('one')),
    lock.shared(work('two')),
    lock.exclusive(work('rename')),
    lock.shared(work('three')),
  ]);
  expect(order.slice(0, 2)).toEqual(['one begins', 'two begins']);
  expect(order.slice(4)).toEqual(['rename begins', 'rename ends', 'three begins', 'three ends']);
});

test('EAs, descriptors and links are the same after they were encoded and decoded', () => {
  const eas = [
    { name: 'A', value: Buffer.from('1'), flags: 0 },
    { name: 'LONGER', value: Buffer.alloc(0), flags: 0x80 },
  ];
  expect(decodeEas(encodeEas(eas))).toEqual(eas);
  const descriptor = {
    control: 0x1000,
    owner: 'S-1-5-21-1-2-3-1001',
    group: 'S-1-22-2-100',
    dacl: [{ type: 1, flags: 3, mask: 0x1f01ff, sid: 'S-1-1-0' }],
  };
  expect(decodeDescriptor(encodeDescriptor(descriptor))).toEqual(descriptor);
  const link = { substituteName: '\\??\\L:\\a', printName: 'L:\\a', relative: false };
  const data = encodeSymbolicLink(link);
  expect(decodeSymbolicLink(data)).toEqual(link);
  expect(invalidReparse(data)).toBeUndefined();
  expect(targetOnVolume(data)).toBe(12);
});

test('a Close that user mode refuses is found when all is settled', async () => {
  const host = Driver.host();
  const refusing = {
    transact: (request: Buffer): Promise<Buffer> => {
      const answer = Buffer.alloc(128);
      answer.writeUInt16LE(128, 2);
      request.copy(answer, 4, 4, 16);
      answer.writeUInt32LE(0xc0000008, 20);
      return Promise.resolve(answer);
    },
  };
  const driver = new Driver(refusing, host, new Random(1));
  driver.sendCloseOf(1n, 2n);
  await expect(driver.settle()).rejects.toThrow(/Close/);
});

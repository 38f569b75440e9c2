/** Create, Overwrite, Cleanup and Close, byte by byte as inc/winfsp/fsctl.h lays them out. */
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import type { CreateIrp, OverwriteIrp } from '../../../src/fsbridge/irp/irp.ts';
import {
  bench,
  filledInfo,
  fillInfo,
  head,
  hex,
  hint,
  record,
  wide,
} from '../../support/windows/records.ts';
import { transact } from '../../support/windows/single-record.ts';

/** "\a.txt" at the trailer's start, a descriptor of 8 bytes behind it, an EA of 4 behind that. */
const create: Buffer = record(
  hex(`
  0000 0000                  // Version, Size
  01000000 ${hint}           // Kind, Hint
  40000003                   // CreateOptions: FILE_OPEN_IF, FILE_NON_DIRECTORY_FILE
  20000000                   // FileAttributes
  1000 0800 00000000         // SecurityDescriptor: at 16, 8 bytes
  0010000000000000           // AllocationSize
  4402000000000000           // AccessToken: handle 0x244 of process 0
  89001200 00000100 03000000 // DesiredAccess, GrantedAccess, ShareAccess
  1800 0400                  // Ea: at 24, 4 bytes
  a7000000 00000000          // UserMode, traverse, backup, case-sensitive, wants a descriptor
  0000 6*00                  // NamedStream
  0000 0e00                  // FileName: at 0, 14 bytes with the NUL
  4*00
`),
  wide('\\a.txt'),
  hex('0000 0102030405060708 a1a2a3a4'),
);

test('a Create becomes an irp, and the opened file becomes the answer', async () => {
  const { engine, dispatcher } = bench();
  engine.on<CreateIrp>('create', (irp) => {
    irp.fileObject = engine.open(0x1122);
    irp.grantedAccess = 0x120089;
    irp.information = 2;
    irp.disableCache = true;
    irp.answeredSecurityDescriptor = Buffer.from('d1d2d3', 'hex');
    fillInfo(irp.fileInfo);
    return 0;
  });
  const answer = await transact(dispatcher, create);
  expect(engine.last).toMatchObject({
    fileName: '\\a.txt',
    createDisposition: 3,
    createOptions: 0x40,
    fileAttributes: 0x20,
    securityDescriptor: hex('0102030405060708'),
    allocationSize: 0x1000,
    desiredAccess: 0x120089,
    grantedAccess: 0x10000,
    ea: hex('a1a2a3a4'),
    userMode: true,
    hasTraversePrivilege: true,
    hasBackupPrivilege: true,
    hasRestorePrivilege: false,
    openTargetDirectory: false,
    hasTrailingBackslash: false,
    acceptsSecurityDescriptor: true,
    eaIsReparsePoint: false,
  });
  expect(answer).toEqual(
    Buffer.concat([
      head('01', '8800', '02000000', '00000000'),
      hex(`
      0100000000000000       // UserContext
      2211000000000000       // UserContext2
      89001200               // GrantedAccess
      0000 0300              // SecurityDescriptor
    `),
      filledInfo,
      hex(`
      0000 0000              // FileName
      03000000               // DisableCache, HasSecurityDescriptor
      d1d2d3 5*00            // the trailer, padded to 8
    `),
    ]),
  );
});

test('on a case-insensitive volume the answer has the opened file’s name', async () => {
  const { engine, dispatcher } = bench();
  engine.facts.caseSensitive = false;
  const answerWith = async (name: string): Promise<Buffer> => {
    engine.on<CreateIrp>('create', (irp) => {
      irp.fileObject = engine.open(7);
      irp.normalizedName = name;
      return 0;
    });
    return await transact(dispatcher, create);
  };
  const answer = await answerWith('\\A.TXT');
  expect(answer.subarray(120, 124)).toEqual(hex('0000 0c00'));
  expect(answer.subarray(128, 140)).toEqual(Buffer.from('\\A.TXT', 'utf16le'));
  // With another length it would be another name.
  expect((await answerWith('\\other')).subarray(120, 124)).toEqual(hex('0000 0c00'));
  expect((await answerWith('\\longer')).subarray(120, 124)).toEqual(hex('0000 0000'));
});

test('a target directory’s name has the length of the parent’s', async () => {
  const { engine, dispatcher } = bench();
  engine.facts.caseSensitive = false;
  engine.on<CreateIrp>('create', (irp) => {
    irp.fileName = '\\dir\\new';
    irp.openTargetDirectory = true;
    irp.fileObject = engine.open(7);
    irp.normalizedName = '\\Dir';
    return 0;
  });
  const answer = await transact(dispatcher, create);
  expect(answer.subarray(120, 124)).toEqual(hex('0000 0800'));
  expect(answer.subarray(128, 136)).toEqual(Buffer.from('\\Dir', 'utf16le'));
});

test('a Create through a link off the volume answers the reparse data', async () => {
  const { engine, dispatcher } = bench();
  engine.on<CreateIrp>('create', (irp) => {
    irp.information = 0xa000000c;
    irp.reparseBuffer = hex('0c0000a0 0400 0000 11223344');
    return 0x104;
  });
  expect(await transact(dispatcher, create)).toEqual(
    Buffer.concat([
      head('01', '9000', '0c0000a0', '04010000'),
      hex('0000 0c00 100*00 0c0000a0 0400 0000 11223344 4*00'),
    ]),
  );
});

test('a Create that fails answers its status and nothing else', async () => {
  const { engine, dispatcher } = bench();
  engine.on<CreateIrp>('create', () => 0xc0000034);
  const expected = [head('01', '8000', '00000000', '340000c0'), Buffer.alloc(104)];
  expect(await transact(dispatcher, create)).toEqual(Buffer.concat(expected));
});

test('an Overwrite names its handle by UserContext2', async () => {
  const { engine, dispatcher } = bench();
  const fileObject = engine.open(0x1122);
  engine.on<OverwriteIrp>('overwrite', (irp) => {
    fillInfo(irp.fileInfo);
    return 0;
  });
  const answer = await transact(
    dispatcher,
    record(
      hex(`
      0000 0000 02000000 ${hint}
      0100000000000000 2211000000000000    // UserContext, UserContext2
      22000000 00000000                    // FileAttributes
      0020000000000000                     // AllocationSize
      01000000 0000 0400                   // Supersede, Ea
      24*00
      0000 0000 4*00                       // FileName
    `),
      hex('e1e2e3e4'),
    ),
  );
  expect(engine.last).toMatchObject({
    fileObject,
    fileAttributes: 0x22,
    allocationSize: 0x2000,
    supersede: true,
    ea: hex('e1e2e3e4'),
  });
  expect(answer.subarray(24, 96)).toEqual(filledInfo);
});

const cleanup = (flags: string, id = '2211000000000000'): Buffer =>
  record(hex(`0000 0000 03000000 ${hint} 0100000000000000 ${id} ${flags} 44*00 0000 0000 4*00`));
const close = (id = '2211000000000000'): Buffer =>
  record(hex(`0000 0000 04000000 ${hint} 0100000000000000 ${id} 48*00 0000 0000 4*00`));

test('a Cleanup’s flags become the irp’s fields', async () => {
  const { engine, dispatcher } = bench();
  engine.open(0x1122);
  await transact(dispatcher, cleanup('15000000'));
  expect(engine.last).toMatchObject({
    delete: true,
    setAllocationSize: false,
    setArchiveBit: true,
  });
  await transact(dispatcher, cleanup('2a000000'));
  expect(engine.last).toMatchObject({
    delete: false,
    setAllocationSize: true,
    setArchiveBit: false,
  });
});

test('Cleanup and Close always succeed, even for files that are not open', async () => {
  const { engine, dispatcher } = bench();
  engine.open(0x1122);
  engine.on('cleanup', () => 0xc0000001);
  engine.on('close', () => Promise.reject(new Error('a mistake')));
  for (const request of [cleanup('00000000'), close(), close('3344000000000000')]) {
    const answer = await transact(dispatcher, request);
    expect(answer.readUInt32LE(20)).toBe(0);
    expect(answer.length).toBe(128);
  }
  expect(engine.seen.map(({ method }) => method)).toEqual(['cleanup', 'close']);
});

/** Requests for an open file, byte by byte as inc/winfsp/fsctl.h lays them out. */
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import type {
  FlushBuffersIrp,
  QueryEaIrp,
  QueryInformationIrp,
  QuerySecurityIrp,
  ReadIrp,
  SetEaIrp,
  SetInformationIrp,
  SetSecurityIrp,
  WriteIrp,
} from '../../../src/fsbridge/irp/irp.ts';
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

/** The head and the contexts of file 0x1122, the kind's own fields, padded to where FileName is. */
function request(kind: string, fields: string, ...trailer: readonly Buffer[]): Buffer {
  const own = hex(fields);
  const start = hex(`0000 0000 ${kind}000000 ${hint} 0100000000000000 2211000000000000`);
  return record(Buffer.concat([start, own, Buffer.alloc(88 - 32 - own.length)]), ...trailer);
}

/** Only a FILE_INFO. */
function infoAnswer(kind: string, information = '00000000'): Buffer {
  const start = head(kind, '8000', information, '00000000');
  return Buffer.concat([start, filledInfo, Buffer.alloc(32)]);
}

test('a Read is answered into the memory at its address', async () => {
  const { engine, memory, dispatcher } = bench();
  engine.open(0x1122);
  engine.on<ReadIrp>('read', (irp) => {
    irp.information = irp.buffer.write('hello');
    return 0;
  });
  const read = request('05', '00005634127f0000 0010000001000000 00020000 00000000');
  const expected = [head('05', '8000', '05000000', '00000000'), Buffer.alloc(104)];
  expect(await transact(dispatcher, read)).toEqual(Buffer.concat(expected));
  expect(engine.last['byteOffset']).toBe(0x1_0000_1000);
  expect((engine.last['buffer'] as Buffer).length).toBe(512);
  expect(memory.bytes.toString('latin1', 0, 6)).toBe('hello\xcc');
});

test('a Read at the end of the file answers END_OF_FILE and no bytes', async () => {
  const { engine, dispatcher } = bench();
  engine.open(0x1122);
  engine.on<ReadIrp>('read', () => 0xc0000011);
  const answer = await transact(
    dispatcher,
    request('05', '00005634127f0000 0000000000000000 00020000 00000000'),
  );
  expect(answer.subarray(0, 24)).toEqual(head('05', '8000', '00000000', '110000c0'));
});

test('a Write answers the file’s new information; an offset of -1 appends', async () => {
  const { engine, dispatcher } = bench();
  engine.open(0x1122);
  engine.on<WriteIrp>('write', (irp) => {
    irp.information = irp.buffer.length;
    fillInfo(irp.fileInfo);
    return 0;
  });
  const write = (offset: string, constrained: string): Buffer =>
    request('06', `00005634127f0000 ${offset} 00100000 00000000 ${constrained}`);
  const first = await transact(dispatcher, write('ffffffffffffffff', '00000000'));
  expect(first).toEqual(infoAnswer('06', '00100000'));
  expect(engine.last).toMatchObject({ byteOffset: -1, constrainedIo: false });
  await transact(dispatcher, write('0002000000000000', '01000000'));
  expect(engine.last).toMatchObject({ byteOffset: 512, constrainedIo: true });
});

test('QueryInformation and FlushBuffers answer a FILE_INFO', async () => {
  const { engine, dispatcher } = bench();
  const fileObject = engine.open(0x1122);
  engine.on<QueryInformationIrp>('queryInformation', (irp) => {
    fillInfo(irp.fileInfo);
    return 0;
  });
  engine.on<FlushBuffersIrp>('flushBuffers', (irp) => {
    fillInfo(irp.fileInfo);
    return 0;
  });
  expect(await transact(dispatcher, request('07', ''))).toEqual(infoAnswer('07'));
  expect(await transact(dispatcher, request('0b', ''))).toEqual(infoAnswer('0b'));
  expect(engine.last['fileObject']).toBe(fileObject);
  // Two zero contexts mean the volume.
  const volume = record(hex(`0000 0000 0b000000 ${hint} 72*00`));
  const expected = [head('0b', '8000', '00000000', '00000000'), Buffer.alloc(104)];
  expect(await transact(dispatcher, volume)).toEqual(Buffer.concat(expected));
  expect(engine.last['fileObject']).toBeUndefined();
});

test('SetInformation reads the fields of its class', async () => {
  const { engine, dispatcher } = bench();
  engine.open(0x1122);
  engine.on<SetInformationIrp>('setInformation', (irp) => {
    fillInfo(irp.fileInfo);
    return 0;
  });
  const set = (fields: string, ...trailer: readonly Buffer[]): Promise<Buffer> =>
    transact(dispatcher, request('08', fields, ...trailer));
  const basic = await set(`
    04000000 00000000                    // FileBasicInformation
    22000000 00000000                    // FileAttributes
    1111111100000001 2222222200000002    // CreationTime, LastAccessTime
    ffffffffffffffff 0000000000000000    // LastWriteTime, ChangeTime
  `);
  expect(basic).toEqual(infoAnswer('08'));
  expect(engine.last).toMatchObject({
    fileInformationClass: 4,
    fileAttributes: 0x22,
    creationTime: 0x0100000011111111n,
    lastAccessTime: 0x0200000022222222n,
    lastWriteTime: 0xffffffffffffffffn,
    changeTime: 0n,
  });
  await set('13000000 00000000 0000100000000000');
  expect(engine.last).toMatchObject({ fileInformationClass: 19, allocationSize: 0x100000 });
  await set('14000000 00000000 0100000001000000');
  expect(engine.last).toMatchObject({ fileInformationClass: 20, endOfFile: 0x1_0000_0001 });
  // A size beyond 2^53 is larger than any disk.
  await set('14000000 00000000 ffffffffffffff7f');
  expect(engine.last['endOfFile']).toBe(Number.MAX_SAFE_INTEGER);
  await set('0d000000 00000000 01000000');
  expect(engine.last).toMatchObject({ fileInformationClass: 13, flags: 1 });
  await set('40000000 00000000 13000000');
  expect(engine.last).toMatchObject({ fileInformationClass: 64, flags: 0x13 });
  await set('41000000 00000000 0000 0a00 00000000 0000000000000000 43000000', wide('\\new'));
  expect(engine.last).toMatchObject({ fileInformationClass: 65, newName: '\\new', flags: 0x43 });
  expect((await set('0b000000 00000000 24*00')).readUInt32LE(20)).toBe(0xc000000d);
});

test('lists of EAs are not changed on their way', async () => {
  const { engine, dispatcher } = bench();
  engine.open(0x1122);
  const list = hex('00000000 00 03 0100 41424300 55');
  engine.on<QueryEaIrp>('queryEa', (irp) => {
    irp.ea = list;
    return 0;
  });
  engine.on<SetEaIrp>('setEa', (irp) => {
    fillInfo(irp.fileInfo);
    irp.answeredEa = list;
    return 0;
  });
  const start = head('09', '9000', '00000000', '00000000');
  expect(await transact(dispatcher, request('09', ''))).toEqual(
    Buffer.concat([start, hex('0000 0d00 100*00'), list, Buffer.alloc(3)]),
  );
  const set = await transact(dispatcher, request('0a', '0000 0d00', list));
  expect(engine.last['ea']).toEqual(list);
  expect(set).toEqual(
    Buffer.concat([
      head('0a', '9000', '00000000', '00000000'),
      filledInfo,
      hex('0000 0d00 28*00'),
      list,
      Buffer.alloc(3),
    ]),
  );
});

test('a list that does not fit into the answer is an error, and none of it is sent', async () => {
  const { engine, dispatcher } = bench();
  engine.open(0x1122);
  engine.on<QueryEaIrp>('queryEa', (irp) => {
    irp.ea = Buffer.alloc(16257, 1);
    return 0;
  });
  const expected = [head('09', '8000', '00000000', '500000c0'), Buffer.alloc(104)];
  expect(await transact(dispatcher, request('09', ''))).toEqual(Buffer.concat(expected));
});

test('security descriptors are not changed on their way', async () => {
  const { engine, dispatcher } = bench();
  engine.open(0x1122);
  const descriptor = hex('0100 0480 14000000 20000000 00000000 00000000');
  engine.on<QuerySecurityIrp>('querySecurity', (irp) => {
    irp.securityDescriptor = descriptor;
    return 0;
  });
  engine.on<SetSecurityIrp>('setSecurity', () => 0);
  expect(await transact(dispatcher, request('13', ''))).toEqual(
    Buffer.concat([
      head('13', '9800', '00000000', '00000000'),
      hex('0000 1400 100*00'),
      descriptor,
      Buffer.alloc(4),
    ]),
  );
  await transact(dispatcher, request('14', '05000000 0000 1400', descriptor));
  expect(engine.last).toMatchObject({ securityInformation: 5, modificationDescriptor: descriptor });
});

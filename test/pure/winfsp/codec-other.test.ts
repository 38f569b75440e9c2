/**
 * Listings, the volume and the controls; and how the dispatcher handles invalid records.
 */
import { Buffer } from 'node:buffer';
import { expect, test, vi } from 'vitest';
import { FileInfo } from '../../../src/fsbridge/file-info.ts';
import type {
  CreateIrp,
  DeviceControlIrp,
  DirectoryControlIrp,
  FileSystemControlIrp,
  OverwriteIrp,
  QueryVolumeInformationIrp,
  ReadIrp,
  SetVolumeInformationIrp,
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

const contexts = '0100000000000000 2211000000000000';

/** At 0x7f1234560000, so many bytes. */
function query(length: string, fields: string, ...trailer: readonly Buffer[]): Buffer {
  const start = `0000 0000 0e000000 ${hint} ${contexts} 00005634127f0000 ${length}`;
  return record(hex(`${start} ${fields} 24*00 0000 0000 4*00`), ...trailer);
}

test('a listing is written into the memory at the request’s address', async () => {
  const { engine, memory, dispatcher } = bench();
  engine.open(0x1122);
  const info = new FileInfo();
  fillInfo(info);
  engine.on<DirectoryControlIrp>('directoryControl', ({ writer }) => {
    expect(writer.entry('one', 5, info)).toBe(true);
    expect(writer.entry('four', 0x1_0000_0006, info)).toBe(true);
    // 232 bytes are taken; this one would end at 344.
    expect(writer.entry('another', 7, info)).toBe(false);
    return 0;
  });
  const answer = await transact(dispatcher, query('54010000', '0000 0000 0000 0000 00000000'));
  const first = hex('6e00 6*00');
  const second = hex('7000 6*00');
  const expected = Buffer.concat([
    first,
    filledInfo,
    hex('0500000000000000 16*00'),
    hex('6f006e006500 2*00'),
    second,
    filledInfo,
    hex('0600000001000000 16*00'),
    hex('66006f0075007200'),
  ]);
  expect(answer.subarray(0, 24)).toEqual(head('0e', '8000', 'e0000000', '00000000'));
  expect(memory.bytes.subarray(0, 0xe0)).toEqual(expected);
  expect(memory.bytes[0xe0]).toBe(0xcc);
  expect(engine.last).toMatchObject({ pattern: undefined, marker: undefined, markerOffset: 0 });
});

test('two zero bytes end a listing if they fit', async () => {
  const { engine, memory, dispatcher } = bench();
  engine.open(0x1122);
  engine.on<DirectoryControlIrp>('directoryControl', (irp) => {
    irp.endOfDirectory = irp.writer.entry('four', 1, new FileInfo());
    return 0;
  });
  const ask = (length: string): Promise<Buffer> =>
    transact(dispatcher, query(length, '0000 0000 0000 0000 00000000'));
  expect((await ask('72000000')).readUInt32LE(16)).toBe(0x72);
  expect(memory.bytes.subarray(0x70, 0x72)).toEqual(hex('0000'));
  expect((await ask('70000000')).readUInt32LE(16)).toBe(0x70);
  // A listing without an entry is at its end too.
  engine.on<DirectoryControlIrp>('directoryControl', () => 0);
  expect((await ask('70000000')).readUInt32LE(16)).toBe(2);
});

test('a listing continues after a marker, the number of an entry', async () => {
  const { engine, dispatcher } = bench();
  engine.open(0x1122);
  const trailer = [wide('*.txt'), hex('0600000001000000 0000')];
  await transact(dispatcher, query('00010000', '0000 0c00 0c00 0a00 02000000', ...trailer));
  expect(engine.last).toMatchObject({
    pattern: '*.txt',
    patternIsFileName: true,
    markerOffset: 0x1_0000_0006,
  });
});

test('the volume answers its size and its label', async () => {
  const { engine, dispatcher } = bench();
  engine.on<QueryVolumeInformationIrp>('queryVolumeInformation', (irp) => {
    irp.volumeInfo = { totalSize: 0x2_0000_0000, freeSize: 0x1000, volumeLabel: 'data' };
    return 0;
  });
  engine.on<SetVolumeInformationIrp>('setVolumeInformation', (irp) => {
    irp.volumeInfo = { totalSize: 1, freeSize: 0, volumeLabel: irp.volumeLabel };
    return 0;
  });
  const asked = record(hex(`0000 0000 0c000000 ${hint} 72*00`));
  expect(await transact(dispatcher, asked)).toEqual(
    Buffer.concat([
      head('0c', '8000', '00000000', '00000000'),
      hex(`
      0000000002000000 0010000000000000   // TotalSize, FreeSize
      0800 6400610074006100               // VolumeLabelLength, VolumeLabel
      78*00
    `),
    ]),
  );
  const set = hex(`0000 0000 0d000000 ${hint} 02000000 0000 0800 56*00 0000 0000 4*00`);
  const answer = await transact(dispatcher, record(set, wide('new')));
  expect(engine.last['volumeLabel']).toBe('new');
  expect(answer.subarray(40, 48)).toEqual(hex('0600 6e0065007700'));
});

test('a control has an input buffer and an output buffer', async () => {
  const { engine, dispatcher } = bench();
  engine.open(0x1122);
  engine.on<FileSystemControlIrp>('fileSystemControl', (irp) => {
    irp.outputBuffer = hex('01020304');
    return 0;
  });
  engine.on<DeviceControlIrp>('deviceControl', () => 0);
  const control = (kind: string, fields: string): Promise<Buffer> => {
    const start = hex(`0000 0000 ${kind}000000 ${hint} ${contexts} ${fields}`);
    const fixed = Buffer.concat([start, Buffer.alloc(88 - start.length)]);
    return transact(dispatcher, record(fixed, hex('aabbccdd')));
  };
  expect(await control('0f', 'a8000900 0000 0400 0800')).toEqual(
    Buffer.concat([
      head('0f', '8800', '04000000', '00000000'),
      hex('0000 0400 100*00 01020304 4*00'),
    ]),
  );
  expect(engine.last).toMatchObject({
    fsControlCode: 0x900a8,
    inputBuffer: hex('aabbccdd'),
    targetOnFileSystem: 8,
  });
  await control('10', '00200080 0000 0400 00010000');
  expect(engine.last).toMatchObject({ ioControlCode: 0x80002000, outputBufferLength: 256 });
});

test('unknown kinds are refused', async () => {
  const { dispatcher } = bench();
  for (const kind of ['00', '11', '12', '15', '63']) {
    const answer = await transact(dispatcher, record(hex(`0000 0000 ${kind}000000 ${hint} 72*00`)));
    expect(answer.subarray(0, 24)).toEqual(head(kind, '8000', '00000000', '100000c0'));
  }
});

test('wrong lengths are refused, and nothing outside of the record is read', async () => {
  const { engine, dispatcher } = bench();
  const refused = async (bytes: Buffer): Promise<void> => {
    const answer = await transact(dispatcher, bytes);
    expect(answer.readUInt32LE(20)).toBe(0xc000000d);
    expect(answer.length).toBe(128);
  };
  const create = (name: string): Buffer =>
    record(hex(`0000 0000 01000000 ${hint} 64*00 ${name} 4*00`), wide('\\abc'));
  await refused(create('0000 2000'));
  await refused(create('0800 0a00'));
  await refused(create('ffff ffff'));
  // An odd length, and a name without its NUL.
  await refused(create('0000 0900'));
  await refused(create('0000 0800'));
  // A record that is shorter than it says, and one that is shorter than a record.
  await refused(create('0000 0a00').subarray(0, 90));
  await refused(hex(`0000 1000 01000000 ${hint}`));
  await refused(Buffer.alloc(1));
  expect(engine.seen).toEqual([]);
});

test('a request for a file that is not open is refused', async () => {
  const { engine, dispatcher } = bench();
  const answer = await transact(dispatcher, record(hex(`0000 0000 07000000 ${hint} 72*00`)));
  expect(answer.subarray(0, 24)).toEqual(head('07', '8000', '00000000', '080000c0'));
  expect(engine.seen).toEqual([]);
});

test('an exception of the engine is answered and reported', async () => {
  const mistakes: unknown[] = [];
  const { engine, dispatcher } = bench({ onMistake: (reason) => mistakes.push(reason) });
  const error = new Error('a mistake');
  engine.on<CreateIrp>('create', () => Promise.reject(error));
  const create = record(hex(`0000 0000 01000000 ${hint} 64*00 0000 0400 4*00`), wide('\\'));
  expect((await transact(dispatcher, create)).readUInt32LE(20)).toBe(0xc00000e5);
  // STATUS_PENDING has a meaning of its own to the driver.
  engine.on<CreateIrp>('create', () => 0x103);
  expect((await transact(dispatcher, create)).readUInt32LE(20)).toBe(0xc00000e5);
  expect(mistakes).toEqual([error]);
});

test('a request that times out gives the memory back before it is answered', async () => {
  vi.useFakeTimers();
  try {
    const { engine, memory, dispatcher } = bench({ queue: { deadlineMs: 1000 } });
    engine.open(0x1122);
    let end: (status: number) => void = () => {};
    engine.on<ReadIrp>('read', () => new Promise((resolve) => (end = resolve)));
    const fields = '00005634127f0000 0000000000000000 00020000 00000000 28*00';
    const read = record(hex(`0000 0000 05000000 ${hint} ${contexts} ${fields}`));
    const answer = transact(dispatcher, read);
    await vi.advanceTimersByTimeAsync(2000);
    expect((await answer).readUInt32LE(20)).toBe(0xc00000b5);
    expect(memory.detached.map(({ length }) => length)).toEqual([512]);
    await dispatcher.drained();
    end(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(dispatcher.statistics().queue.late).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('an Overwrite that the driver takes for failed leaves no file open', async () => {
  vi.useFakeTimers();
  try {
    const { engine, dispatcher } = bench({ queue: { deadlineMs: 1000 } });
    const closed = (): unknown[] =>
      engine.seen.filter(({ method }) => method === 'close').map(({ irp }) => irp);
    const overwrite = (ea: string): Buffer =>
      record(hex(`0000 0000 02000000 ${hint} ${contexts} 20*00 ${ea} 24*00 0000 0000 4*00`));
    const late = engine.open(0x1122);
    let end: (status: number) => void = () => {};
    engine.on<OverwriteIrp>('overwrite', () => new Promise((resolve) => (end = resolve)));
    const answer = transact(dispatcher, overwrite('0000 0000'));
    await vi.advanceTimersByTimeAsync(2000);
    expect((await answer).readUInt32LE(20)).toBe(0xc00000b5);
    expect(closed()).toEqual([]);
    end(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(closed()).toEqual([{ fileObject: late }]);
    // Its EA lies outside of the record, so the work is never begun.
    const malformed = engine.open(0x1122);
    const refused = await transact(dispatcher, overwrite('0080 0400'));
    expect(refused.readUInt32LE(20)).toBe(0xc000000d);
    expect(closed()).toEqual([{ fileObject: late }, { fileObject: malformed }]);
  } finally {
    vi.useRealTimers();
  }
});

test('FSBRIDGE_DEBUG=irp shows each request and each answer in a line', async () => {
  const lines: string[] = [];
  const { engine, dispatcher } = bench({ onTrace: (line) => lines.push(line) });
  engine.on<CreateIrp>('create', () => 0xc0000034);
  const create = hex(`
    0000 0000 01000000 ${hint}
    01002001 10000000 24*00 89001200 00000000 07000000 0000 0000 01000000 00000000 8*00
    0000 0a00 4*00
  `);
  await transact(dispatcher, record(create, wide('\\abc')));
  expect(lines).toEqual([
    '>>Create ffff808765432150 "\\abc" OPEN options 0x200001 access 0x120089' +
      ' share 7 attributes 0x10',
    '<<Create ffff808765432150 OBJECT_NAME_NOT_FOUND',
  ]);
});

/**
 * Requests that no sane client sends: chance fills every field. Whatever the answer is, it is no
 * fault of this program (INTERNAL_ERROR), the kernel lives, and nothing stays open.
 */
import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FileInfo } from '../../../../src/fsbridge/file-info.ts';
import type { FileObject } from '../../../../src/fsbridge/file-object.ts';
import type { SetInformationIrp } from '../../../../src/fsbridge/irp/irp.ts';
import { type NtStatus, ntStatusName } from '../../../../src/fsbridge/translate/ntstatus.ts';
import { cannotMount } from '../../../support/kernel-volume.ts';
import { describeUnless } from '../../../support/needs.ts';
import { Random, testSeed } from '../../../support/random.ts';
import { type Client, freshClient } from '../../../support/windows/engine-client.ts';

const seed = testSeed();
const names = [
  'a',
  'b',
  'dir',
  'dir\\x',
  'dir\\y',
  'link',
  'link\\x',
  'ü',
  'a:b',
  'CON',
  '',
  '..',
  '.',
];
const codes = [0x900a4, 0x900a8, 0x900ac, 0x900c4, 0x980c8, 0x940cf, 0x90018];
const tags = [0xa000000c, 0xa0000003, 0xa000001d, 0x80000014, 0x80000023, 0x80000024, 0x80000025];

describeUnless(cannotMount())(`garbage with seed ${seed}`, () => {
  let win: Client;
  const random = new Random(seed);
  const faults: string[] = [];

  beforeAll(async () => {
    win = await freshClient();
    await win.makeDirectory('\\dir');
  });
  afterAll(async () => {
    await win[Symbol.asyncDispose]();
    await win.fresh.close();
  });

  const path = (): string => `\\${random.pick(names)}`;
  const word = (): number => random.pick([0, 1, 2, 4, 0x80, 0xffffffff, random.below(2 ** 32)]);
  const wide = (): number => random.pick([0, 1, -1, -2, 4096, 2 ** 31, 2 ** 43, 2 ** 52]);
  const time = (): bigint =>
    random.pick([0n, -1n, -2n, -3n, 1n, 2n ** 62n, 133_000_000_000_000_000n]);
  const answers = new Set<string>();
  const note = (what: string, status: NtStatus): void => {
    answers.add(`${what}: ${ntStatusName(status)}`);
    if (ntStatusName(status) === 'INTERNAL_ERROR') faults.push(what);
  };

  function reparseData(): Buffer {
    const body = random.bytes(random.below(64));
    const data = Buffer.concat([Buffer.alloc(8), body]);
    data.writeUInt32LE(random.pick(tags), 0);
    data.writeUInt16LE(random.chance(0.8) ? body.length : random.below(65536), 4);
    return data;
  }

  function setInformation(fileObject: FileObject): SetInformationIrp {
    const both = { fileObject, fileInfo: new FileInfo() };
    const naming = { newName: path(), flags: random.below(128), accessToken: undefined };
    return random.pick<SetInformationIrp>([
      {
        ...both,
        fileInformationClass: 4,
        fileAttributes: word(),
        creationTime: time(),
        lastAccessTime: time(),
        lastWriteTime: time(),
        changeTime: time(),
      },
      { ...both, fileInformationClass: 19, allocationSize: wide() },
      { ...both, fileInformationClass: 20, endOfFile: wide() },
      { ...both, fileInformationClass: 13, flags: random.below(64) },
      { ...both, fileInformationClass: 10, ...naming },
    ]);
  }

  async function poke(file: FileObject): Promise<void> {
    const { engine } = win;
    const fileObject = file;
    const fileInfo = new FileInfo();
    const buffer = random.bytes(random.below(3000));
    const ea = { ea: buffer, answeredEa: undefined };
    const out = { outputBufferLength: random.below(200), outputBuffer: undefined };
    const control = { fsControlCode: random.pick(codes), inputBuffer: reparseData(), ...out };
    const target = { targetOnFileSystem: random.below(20), accessToken: undefined };
    const transfer = { buffer, byteOffset: wide(), information: 0 };
    const writing = { ...transfer, constrainedIo: random.chance(0.3), fileInfo };
    const security = { securityInformation: word(), modificationDescriptor: buffer };
    const set = setInformation(file);
    const work: readonly (readonly [string, () => Promise<NtStatus>])[] = [
      ['read', () => engine.read({ fileObject, ...transfer })],
      ['write', () => engine.write({ fileObject, ...writing })],
      ['set ea', () => engine.setEa({ fileObject, fileInfo, ...ea })],
      ['query ea', () => engine.queryEa({ fileObject, ea: undefined })],
      ['control', () => engine.fileSystemControl({ fileObject, ...control, ...target })],
      ['query security', () => engine.querySecurity({ fileObject, securityDescriptor: undefined })],
      [
        'set security',
        () => engine.setSecurity({ fileObject, ...security, securityDescriptor: undefined }),
      ],
      [`set information ${set.fileInformationClass}`, () => engine.setInformation(set)],
      ['flush', () => engine.flushBuffers({ fileObject, fileInfo })],
      ['query', () => engine.queryInformation({ fileObject, fileInfo })],
    ];
    const [what, run] = random.pick(work);
    note(what, await run());
  }

  async function client(): Promise<void> {
    for (let round = 0; round < 400; round++) {
      const [status, irp] = await win.create(path(), {
        createDisposition: random.below(7),
        createOptions: random.pick([
          0,
          0,
          0,
          1,
          0x40,
          0x1000,
          0x4000,
          0x200000,
          random.below(2 ** 24),
        ]),
        fileAttributes: word(),
        desiredAccess: random.pick([0x1f01ff, 0x2000000, word()]),
        allocationSize: random.pick([0, 0, 0, 4096, 2 ** 52]),
        securityDescriptor: random.chance(0.05) ? random.bytes(random.below(100)) : undefined,
        ea: random.chance(0.1) ? reparseData() : undefined,
        eaIsReparsePoint: random.chance(0.5),
        openTargetDirectory: random.chance(0.05),
        hasTrailingBackslash: random.chance(0.05),
        hasTraversePrivilege: random.chance(0.9),
      });
      if (status === 'INTERNAL_ERROR') faults.push(`create ${irp.fileName}`);
      if (irp.fileObject === undefined) continue;
      for (let step = random.below(5); step > 0; step--) await poke(irp.fileObject);
      await win.close(irp.fileObject, random.chance(0.3));
    }
  }

  test('is answered, and does no harm', async () => {
    await Promise.all(Array.from({ length: 8 }, client));
    expect(faults).toEqual([]);
    // Garbage goes deep: each kind of request succeeds now and then, and fails in many ways.
    expect([...answers].filter((answer) => answer.endsWith(': SUCCESS')).length).toBeGreaterThan(
      10,
    );
    expect(answers.size).toBeGreaterThan(30);
    expect(win.fresh.kernel.failure).toBeUndefined();
    expect(win.engine.fileObjects.size).toBe(0);
    // What stays open are the few directories that are kept for the next path.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(win.fresh.volume.calls.opened.size).toBeLessThan(20);
    await win.put('\\afterwards', 'all is well');
    expect(await win.get('\\afterwards')).toBe('all is well');
  });
});

/** The structures against inc/winfsp/fsctl.h's own assertions, and what is encoded by them. */
import { expect, test } from 'vitest';
import type { VolumeFacts } from '../../../src/fsbridge/volume-facts.ts';
import { volumeParamsOf } from '../../../src/winfsp/volume-parameters.ts';
import { layout } from '../../../src/winfsp/wire/layout.ts';
import * as layouts from '../../../src/winfsp/wire/layouts.ts';
import * as requests from '../../../src/winfsp/wire/request-layouts.ts';
import * as responses from '../../../src/winfsp/wire/response-layouts.ts';
import { encodeVolumeParams } from '../../../src/winfsp/wire/volume-params.ts';
import { hex } from '../../support/windows/records.ts';

test('every structure has the size that the header asserts', () => {
  expect(layouts.volumeParams.size).toBe(456);
  expect(layouts.volumeTimeouts.size).toBe(504);
  expect(layouts.fileInfo.size).toBe(72);
  expect(layouts.volumeInfo.size).toBe(88);
  expect(layouts.dirInfo.size).toBe(104);
  expect(layouts.request.size).toBe(88);
  expect(layouts.response.size).toBe(128);
  expect(layouts.mountDesc.size).toBe(48);
});

test('fields have the offsets of a compiler', () => {
  expect(layouts.volumeParams).toMatchObject({ Flags: 36, Prefix: 40, FileSystemName: 424 });
  expect(layouts.volumeTimeouts).toMatchObject({ TimeoutValid: 456, EaTimeout: 476 });
  expect(layouts.dirInfo).toMatchObject({ FileInfo: 8, NextOffset: 80 });
  expect(requests.createRequest).toMatchObject({
    SecurityDescriptor: 24,
    AccessToken: 40,
    Ea: 60,
    Flags: 64,
    NamedStream: 72,
  });
  expect(requests.overwriteRequest).toMatchObject({ AllocationSize: 40, Flags: 48, Ea: 52 });
  expect(requests.transferRequest).toMatchObject({ Offset: 40, Length: 48, Key: 52, Flags: 56 });
  expect(requests.basicInformation).toMatchObject({ CreationTime: 48, ChangeTime: 72 });
  expect(requests.renameInformation).toMatchObject({ NewFileName: 40, AccessToken: 48, Flags: 56 });
  expect(requests.directoryRequest).toMatchObject({ Pattern: 44, Marker: 48, Flags: 52 });
  expect(requests.fileSystemControlRequest).toMatchObject({ Buffer: 36, TargetOnFileSystem: 40 });
  expect(responses.openedResponse).toMatchObject({
    UserContext2: 32,
    GrantedAccess: 40,
    SecurityDescriptor: 44,
    FileInfo: 48,
    FileName: 120,
    Flags: 124,
  });
  expect(responses.infoResponse).toMatchObject({ FileInfo: 24, Ea: 96 });
});

test('a forgotten field is found', () => {
  expect(() => layout('S', 16, { a: 'u32', b: 'u64' })).not.toThrow();
  expect(() => layout('S', 16, { a: 'u32' })).toThrow('S has 4 bytes instead of 16');
});

const facts: VolumeFacts = {
  fileSystemName: 'ext4',
  maximumComponentNameLength: 255,
  volumeSerialNumber: 0x1234abcd,
  volumeCreationTime: 0x01d0_0000_0000_0001n,
  bytesPerSector: 4096,
  sectorsPerAllocationUnit: 1,
  caseSensitive: true,
  readOnly: true,
  casePreserved: true,
  securityDescriptors: true,
  reparsePoints: true,
  extendedAttributes: true,
  wslMetadata: true,
};

test('the volume is described to the driver byte by byte', () => {
  const bytes = encodeVolumeParams(volumeParamsOf(facts, '\\fsbridge\\x', {}));
  expect(bytes.length).toBe(504);
  expect(bytes.subarray(0, 40)).toEqual(
    hex(`
    f801 0010                  // Version 504, SectorSize
    0100 ff00                  // SectorsPerAllocationUnit, MaxComponentLength
    010000000000d001           // VolumeCreationTime
    cdab3412                   // VolumeSerialNumber
    10270000 c0270900          // TransactTimeout, IrpTimeout
    e8030000 e8030000          // IrpCapacity, FileInfoTimeout
    1f67056f                   // Flags
  `),
  );
  expect(bytes.toString('utf16le', 40, 64)).toBe('\\fsbridge\\x\0');
  expect(bytes.toString('utf16le', 424, 434)).toBe('ext4\0');
  expect(bytes.subarray(456, 484)).toEqual(
    hex('17000000 e8030000 e8030000 e8030000 00000000 e8030000 00000000'),
  );
});

test('the flags of FAT claim nothing that FAT lacks', () => {
  const fat: VolumeFacts = {
    ...facts,
    caseSensitive: false,
    securityDescriptors: false,
    reparsePoints: false,
    extendedAttributes: false,
    wslMetadata: false,
  };
  // CaseSensitiveSearch, PersistentAcls, ReparsePoints, ExtendedAttributes, WslFeatures.
  const bits = 0x1 | 0x8 | 0x10 | 0x100 | 0x4000000;
  expect(volumeParamsOf(facts, '', {}).flags & bits).toBe(bits);
  expect(volumeParamsOf(fat, '', {}).flags & bits).toBe(0);
});

test('with a lasting cache Windows keeps data when a file is closed', () => {
  const flushAndPurge = 0x4000;
  const flagsOf = (fileInfoTimeoutMs: number): number =>
    volumeParamsOf(facts, '', { fileInfoTimeoutMs }).flags;
  expect(flagsOf(1000) & flushAndPurge).toBe(flushAndPurge);
  expect(flagsOf(0xffffffff) & flushAndPurge).toBe(0);
  const insensitive = volumeParamsOf({ ...facts, caseSensitive: false, readOnly: false }, '', {});
  expect(insensitive.flags & 0x201).toBe(0);
});

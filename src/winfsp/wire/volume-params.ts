/** FSP_FSCTL_VOLUME_PARAMS: the driver gets them once, when the volume is made. */
import { Buffer } from 'node:buffer';
import { alignUp } from './layout.ts';
import { volumeParams, volumeTimeouts } from './layouts.ts';

/** The bits of Flags. */
export const volumeFlags = {
  CaseSensitiveSearch: 0x1,
  CasePreservedNames: 0x2,
  UnicodeOnDisk: 0x4,
  PersistentAcls: 0x8,
  ReparsePoints: 0x10,
  ReparsePointsAccessCheck: 0x20,
  NamedStreams: 0x40,
  HardLinks: 0x80,
  ExtendedAttributes: 0x100,
  ReadOnlyVolume: 0x200,
  PostCleanupWhenModifiedOnly: 0x400,
  PassQueryDirectoryPattern: 0x800,
  AlwaysUseDoubleBuffering: 0x1000,
  PassQueryDirectoryFileName: 0x2000,
  FlushAndPurgeOnCleanup: 0x4000,
  DeviceControl: 0x8000,
  UmFileContextIsUserContext2: 0x10000,
  UmFileContextIsFullContext: 0x20000,
  UmNoReparsePointsDirCheck: 0x40000,
  AllowOpenInKernelMode: 0x1000000,
  CasePreservedExtendedAttributes: 0x2000000,
  WslFeatures: 0x4000000,
  DirectoryMarkerAsNextOffset: 0x8000000,
  RejectIrpPriorToTransact0: 0x10000000,
  SupportsPosixUnlinkRename: 0x20000000,
  PostDispositionWhenNecessaryOnly: 0x40000000,
} as const;

/** The bits of TimeoutValid: each makes one of the timeouts after it valid. */
const timeoutsValid = { volumeInfo: 0x1, dirInfo: 0x2, security: 0x4, ea: 0x10 } as const;

export interface VolumeParams {
  readonly bytesPerSector: number;
  readonly sectorsPerAllocationUnit: number;
  /** UTF-16 units. */
  readonly maximumComponentNameLength: number;
  /** FILETIME. */
  readonly volumeCreationTime: bigint;
  readonly volumeSerialNumber: number;
  readonly transactTimeoutMs: number;
  readonly irpTimeoutMs: number;
  readonly irpCapacity: number;
  readonly fileInfoTimeoutMs: number;
  readonly volumeInfoTimeoutMs: number;
  readonly dirInfoTimeoutMs: number;
  readonly securityTimeoutMs: number;
  readonly eaTimeoutMs: number;
  /** volumeFlags. */
  readonly flags: number;
  /** \server\share of a network drive, at most 191 units; empty for a disk. */
  readonly prefix: string;
  /** At most 15 units. */
  readonly fileSystemName: string;
}

const maxPrefixUnits = 191;
const maxFileSystemNameUnits = 15;

export function encodeVolumeParams(params: VolumeParams): Buffer {
  const bytes = Buffer.alloc(alignUp(volumeTimeouts.size, 8));
  const u16 = (value: number, at: number): number => bytes.writeUInt16LE(value, at);
  const u32 = (value: number, at: number): number => bytes.writeUInt32LE(value >>> 0, at);
  u16(volumeTimeouts.size, volumeParams.Version);
  u16(params.bytesPerSector, volumeParams.SectorSize);
  u16(params.sectorsPerAllocationUnit, volumeParams.SectorsPerAllocationUnit);
  u16(params.maximumComponentNameLength, volumeParams.MaxComponentLength);
  bytes.writeBigUInt64LE(params.volumeCreationTime, volumeParams.VolumeCreationTime);
  u32(params.volumeSerialNumber, volumeParams.VolumeSerialNumber);
  u32(params.transactTimeoutMs, volumeParams.TransactTimeout);
  u32(params.irpTimeoutMs, volumeParams.IrpTimeout);
  u32(params.irpCapacity, volumeParams.IrpCapacity);
  u32(params.fileInfoTimeoutMs, volumeParams.FileInfoTimeout);
  u32(params.flags, volumeParams.Flags);
  bytes.write(params.prefix.slice(0, maxPrefixUnits), volumeParams.Prefix, 'utf16le');
  const name = params.fileSystemName.slice(0, maxFileSystemNameUnits);
  bytes.write(name, volumeParams.FileSystemName, 'utf16le');
  const { volumeInfo, dirInfo, security, ea } = timeoutsValid;
  u32(volumeInfo | dirInfo | security | ea, volumeTimeouts.TimeoutValid);
  u32(params.volumeInfoTimeoutMs, volumeTimeouts.VolumeInfoTimeout);
  u32(params.dirInfoTimeoutMs, volumeTimeouts.DirInfoTimeout);
  u32(params.securityTimeoutMs, volumeTimeouts.SecurityTimeout);
  u32(params.eaTimeoutMs, volumeTimeouts.EaTimeout);
  return bytes;
}

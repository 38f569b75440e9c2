/**
 * The structures that WinFsp's driver and fsbridge exchange, as inc/winfsp/fsctl.h of WinFsp 2.1
 * and 2.2 defines them, with the header's names. All numbers are little-endian. A BUF field holds
 * an offset from the start of the trailer, which follows the fixed part.
 */
import { type Layout, layout } from './layout.ts';

const volumeParamsFields = {
  Version: 'u16',
  SectorSize: 'u16',
  SectorsPerAllocationUnit: 'u16',
  MaxComponentLength: 'u16',
  VolumeCreationTime: 'u64',
  VolumeSerialNumber: 'u32',
  TransactTimeout: 'u32',
  IrpTimeout: 'u32',
  IrpCapacity: 'u32',
  FileInfoTimeout: 'u32',
  Flags: 'u32',
  Prefix: ['u16', 192],
  FileSystemName: ['u16', 16],
} as const;

const volumeTimeoutFields = {
  TimeoutValid: 'u32',
  VolumeInfoTimeout: 'u32',
  DirInfoTimeout: 'u32',
  SecurityTimeout: 'u32',
  StreamInfoTimeout: 'u32',
  EaTimeout: 'u32',
  FsextControlCode: 'u32',
  Reserved32: 'u32',
  Reserved64: ['u64', 2],
} as const;

/** FSP_FSCTL_VOLUME_PARAMS_V0: all of it while Version is 0. */
export const volumeParams: Layout<typeof volumeParamsFields> = layout(
  'FSP_FSCTL_VOLUME_PARAMS_V0',
  456,
  volumeParamsFields,
);

/** The rest of FSP_FSCTL_VOLUME_PARAMS. Version holds the size of the whole. */
export const volumeTimeouts: Layout<typeof volumeTimeoutFields> = layout(
  'FSP_FSCTL_VOLUME_PARAMS',
  504,
  volumeTimeoutFields,
  volumeParams.size,
);

const fileInfoFields = {
  FileAttributes: 'u32',
  ReparseTag: 'u32',
  AllocationSize: 'u64',
  FileSize: 'u64',
  CreationTime: 'u64',
  LastAccessTime: 'u64',
  LastWriteTime: 'u64',
  ChangeTime: 'u64',
  IndexNumber: 'u64',
  HardLinks: 'u32',
  EaSize: 'u32',
} as const;

/** FSP_FSCTL_FILE_INFO */
export const fileInfo: Layout<typeof fileInfoFields> = layout(
  'FSP_FSCTL_FILE_INFO',
  72,
  fileInfoFields,
);

const volumeInfoFields = {
  TotalSize: 'u64',
  FreeSize: 'u64',
  VolumeLabelLength: 'u16',
  VolumeLabel: ['u16', 32],
} as const;

/** FSP_FSCTL_VOLUME_INFO */
export const volumeInfo: Layout<typeof volumeInfoFields> = layout(
  'FSP_FSCTL_VOLUME_INFO',
  88,
  volumeInfoFields,
);

const dirInfoFields = {
  Size: 'u16',
  FileInfo: ['u64', 9],
  NextOffset: 'u64',
  Padding: ['u64', 2],
} as const;

/** FSP_FSCTL_DIR_INFO; the name follows, and records begin at multiples of 8. */
export const dirInfo: Layout<typeof dirInfoFields> = layout(
  'FSP_FSCTL_DIR_INFO',
  104,
  dirInfoFields,
);

const bufFields = { Offset: 'u16', Size: 'u16' } as const;

/** FSP_FSCTL_TRANSACT_BUF */
export const buf: Layout<typeof bufFields> = layout('FSP_FSCTL_TRANSACT_BUF', 4, bufFields);

const requestFields = {
  Version: 'u16',
  Size: 'u16',
  Kind: 'u32',
  Hint: 'u64',
  Req: ['u64', 8],
  FileName: 'buf',
} as const;

/** FSP_FSCTL_TRANSACT_REQ without its trailer. */
export const request: Layout<typeof requestFields> = layout(
  'FSP_FSCTL_TRANSACT_REQ',
  88,
  requestFields,
);

const responseFields = {
  Version: 'u16',
  Size: 'u16',
  Kind: 'u32',
  Hint: 'u64',
  Information: 'u32',
  Status: 'u32',
  Rsp: ['u64', 13],
} as const;

/** FSP_FSCTL_TRANSACT_RSP without its trailer. */
export const response: Layout<typeof responseFields> = layout(
  'FSP_FSCTL_TRANSACT_RSP',
  128,
  responseFields,
);

const mountDescFields = {
  VolumeHandle: 'u64',
  VolumeName: 'u64',
  Security: 'u64',
  Reserved: 'u64',
  MountPoint: 'u64',
  MountHandle: 'u64',
} as const;

/** FSP_MOUNT_DESC on 64-bit machines. */
export const mountDesc: Layout<typeof mountDescFields> = layout(
  'FSP_MOUNT_DESC',
  48,
  mountDescFields,
);

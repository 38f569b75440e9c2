/**
 * What a request holds for each kind: the members of FSP_FSCTL_TRANSACT_REQ's union, with offsets
 * from the request's start. All but Create and the volume's requests begin with the two contexts.
 */
import { type Layout, layout } from './layout.ts';

const start = 16;
const contexts = { UserContext: 'u64', UserContext2: 'u64' } as const;

const createFields = {
  CreateOptions: 'u32',
  FileAttributes: 'u32',
  SecurityDescriptor: 'buf',
  AllocationSize: 'u64',
  AccessToken: 'u64',
  DesiredAccess: 'u32',
  GrantedAccess: 'u32',
  ShareAccess: 'u32',
  Ea: 'buf',
  Flags: 'u32',
  Reserved: 'u32',
  NamedStream: 'u16',
  Padding: ['u16', 3],
} as const;

export const createRequest: Layout<typeof createFields> = layout('Create', 80, createFields, start);

/** The bits of createRequest.Flags. */
export const createFlags = {
  UserMode: 1 << 0,
  HasTraversePrivilege: 1 << 1,
  HasBackupPrivilege: 1 << 2,
  HasRestorePrivilege: 1 << 3,
  OpenTargetDirectory: 1 << 4,
  CaseSensitive: 1 << 5,
  HasTrailingBackslash: 1 << 6,
  AcceptsSecurityDescriptor: 1 << 7,
  EaIsReparsePoint: 1 << 8,
} as const;

const overwriteFields = {
  ...contexts,
  FileAttributes: 'u32',
  AllocationSize: 'u64',
  Flags: 'u32',
  Ea: 'buf',
} as const;

/** Flags: bit 0 is Supersede. */
export const overwriteRequest: Layout<typeof overwriteFields> = layout(
  'Overwrite',
  56,
  overwriteFields,
  start,
);

const cleanupFields = { ...contexts, Flags: 'u32' } as const;

export const cleanupRequest: Layout<typeof cleanupFields> = layout(
  'Cleanup',
  40,
  cleanupFields,
  start,
);

/** The bits of cleanupRequest.Flags. */
export const cleanupFlags = {
  Delete: 1 << 0,
  SetAllocationSize: 1 << 1,
  SetArchiveBit: 1 << 2,
  SetLastAccessTime: 1 << 3,
  SetLastWriteTime: 1 << 4,
  SetChangeTime: 1 << 5,
} as const;

const contextFields = { ...contexts } as const;

/** Close, QueryInformation, QueryEa, FlushBuffers, QuerySecurity: the contexts alone. */
export const contextRequest: Layout<typeof contextFields> = layout(
  'Close',
  32,
  contextFields,
  start,
);

const transferFields = {
  ...contexts,
  Address: 'u64',
  Offset: 'u64',
  Length: 'u32',
  Key: 'u32',
  Flags: 'u32',
} as const;

/** Read and Write. Flags: bit 0 is Write's ConstrainedIo. */
export const transferRequest: Layout<typeof transferFields> = layout(
  'Read and Write',
  64,
  transferFields,
  start,
);

const setInformationFields = {
  ...contexts,
  FileInformationClass: 'u32',
  /** What the class says: below. */
  Info: 'u64',
} as const;

export const setInformationRequest: Layout<typeof setInformationFields> = layout(
  'SetInformation',
  48,
  setInformationFields,
  start,
);

const basicFields = {
  FileAttributes: 'u32',
  CreationTime: 'u64',
  LastAccessTime: 'u64',
  LastWriteTime: 'u64',
  ChangeTime: 'u64',
} as const;

export const basicInformation: Layout<typeof basicFields> = layout(
  'SetInformation.Basic',
  80,
  basicFields,
  setInformationRequest.Info,
);

const renameFields = { NewFileName: 'buf', AccessToken: 'u64', Flags: 'u32' } as const;

export const renameInformation: Layout<typeof renameFields> = layout(
  'SetInformation.Rename',
  64,
  renameFields,
  setInformationRequest.Info,
);

const setEaFields = { ...contexts, Ea: 'buf' } as const;

export const setEaRequest: Layout<typeof setEaFields> = layout('SetEa', 40, setEaFields, start);

const setVolumeFields = { FsInformationClass: 'u32', VolumeLabel: 'buf' } as const;

/** SetVolumeInformation of the class FileFsLabelInformation. */
export const setVolumeRequest: Layout<typeof setVolumeFields> = layout(
  'SetVolumeInformation',
  24,
  setVolumeFields,
  start,
);

const directoryFields = {
  ...contexts,
  Address: 'u64',
  Length: 'u32',
  Pattern: 'buf',
  Marker: 'buf',
  Flags: 'u32',
} as const;

export const directoryRequest: Layout<typeof directoryFields> = layout(
  'QueryDirectory',
  56,
  directoryFields,
  start,
);

/** The bits of directoryRequest.Flags. */
export const directoryFlags = { CaseSensitive: 1 << 0, PatternIsFileName: 1 << 1 } as const;

const fileSystemControlFields = {
  ...contexts,
  FsControlCode: 'u32',
  Buffer: 'buf',
  TargetOnFileSystem: 'u16',
} as const;

export const fileSystemControlRequest: Layout<typeof fileSystemControlFields> = layout(
  'FileSystemControl',
  48,
  fileSystemControlFields,
  start,
);

const deviceControlFields = {
  ...contexts,
  IoControlCode: 'u32',
  Buffer: 'buf',
  OutputLength: 'u32',
} as const;

export const deviceControlRequest: Layout<typeof deviceControlFields> = layout(
  'DeviceControl',
  48,
  deviceControlFields,
  start,
);

const setSecurityFields = {
  ...contexts,
  SecurityInformation: 'u32',
  SecurityDescriptor: 'buf',
} as const;

export const setSecurityRequest: Layout<typeof setSecurityFields> = layout(
  'SetSecurity',
  40,
  setSecurityFields,
  start,
);

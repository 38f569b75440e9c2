/**
 * The parameters of each kind of request: the members of FSP_FSCTL_TRANSACT_REQ's union, with
 * offsets from the request's start. All but those of Create and of the volume begin with the two
 * contexts.
 */
import { type Layout, layout } from './layout.ts';

const start = 16;
/** After the contexts. */
const afterContexts = 32;

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
  UserMode: 1,
  HasTraversePrivilege: 2,
  HasBackupPrivilege: 4,
  HasRestorePrivilege: 8,
  OpenTargetDirectory: 0x10,
  CaseSensitive: 0x20,
  HasTrailingBackslash: 0x40,
  AcceptsSecurityDescriptor: 0x80,
  EaIsReparsePoint: 0x100,
} as const;

const overwriteFields = {
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
  afterContexts,
);

const cleanupFields = { Flags: 'u32' } as const;

export const cleanupRequest: Layout<typeof cleanupFields> = layout(
  'Cleanup',
  36,
  cleanupFields,
  afterContexts,
);

/** The bits of cleanupRequest.Flags. */
export const cleanupFlags = {
  Delete: 1,
  SetAllocationSize: 2,
  SetArchiveBit: 4,
  SetLastAccessTime: 8,
  SetLastWriteTime: 0x10,
  SetChangeTime: 0x20,
} as const;

const contextFields = { UserContext: 'u64', UserContext2: 'u64' } as const;

/** Close, QueryInformation, QueryEa, FlushBuffers, QuerySecurity: the contexts alone. */
export const contextRequest: Layout<typeof contextFields> = layout(
  'Close',
  32,
  contextFields,
  start,
);

const transferFields = {
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
  afterContexts,
);

const setInformationFields = {
  FileInformationClass: 'u32',
  /** Depends on the class: see below. */
  Info: 'u64',
} as const;

export const setInformationRequest: Layout<typeof setInformationFields> = layout(
  'SetInformation',
  48,
  setInformationFields,
  afterContexts,
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

const setEaFields = { Ea: 'buf' } as const;

export const setEaRequest: Layout<typeof setEaFields> = layout(
  'SetEa',
  36,
  setEaFields,
  afterContexts,
);

const setVolumeFields = { FsInformationClass: 'u32', VolumeLabel: 'buf' } as const;

/** SetVolumeInformation of the class FileFsLabelInformation. */
export const setVolumeRequest: Layout<typeof setVolumeFields> = layout(
  'SetVolumeInformation',
  24,
  setVolumeFields,
  start,
);

const directoryFields = {
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
  afterContexts,
);

/** The bits of directoryRequest.Flags. */
export const directoryFlags = { CaseSensitive: 1, PatternIsFileName: 2 } as const;

const fileSystemControlFields = {
  FsControlCode: 'u32',
  Buffer: 'buf',
  TargetOnFileSystem: 'u16',
} as const;

export const fileSystemControlRequest: Layout<typeof fileSystemControlFields> = layout(
  'FileSystemControl',
  44,
  fileSystemControlFields,
  afterContexts,
);

const deviceControlFields = {
  IoControlCode: 'u32',
  Buffer: 'buf',
  OutputLength: 'u32',
} as const;

export const deviceControlRequest: Layout<typeof deviceControlFields> = layout(
  'DeviceControl',
  44,
  deviceControlFields,
  afterContexts,
);

const setSecurityFields = {
  SecurityInformation: 'u32',
  SecurityDescriptor: 'buf',
} as const;

export const setSecurityRequest: Layout<typeof setSecurityFields> = layout(
  'SetSecurity',
  40,
  setSecurityFields,
  afterContexts,
);

/**
 * The requests of NT's I/O manager, as plain objects: one shape for each IRP major function.
 *
 * A transport (WinFsp's driver, an SMB server) fills the in-fields and hands the object to the
 * method of that name of Engine, which answers an NTSTATUS and sets the out-fields. Names of fields
 * are NT's own. An object may be used again for the next request: every out-field that a status
 * promises is written anew, and the engine keeps no reference to it after its promise is settled.
 *
 * Units: sizes and offsets are numbers of bytes (exact up to 2^53), names are UTF-16 strings,
 * volume paths start with a backslash and end without one, times are FILETIME (100 ns since 1601).
 */
import type { Buffer } from 'node:buffer';
import type { FileInfo } from '../file-info.ts';
import type { FileObject } from '../file-object.ts';
import type { INFORMATION_CLASS } from '../nt.ts';
import type { AccessToken } from '../security/access-check.ts';

/** The token of a request, looked up only where the answer depends on it. */
export interface TokenSource {
  /** Called at most once for a request. Undefined: it cannot be read. */
  facts(): AccessToken | undefined;
}

/** IRP_MJ_CREATE. */
export interface CreateIrp {
  /** From the volume's root, "\a\b.txt"; "\" is the root. */
  fileName: string;
  /** FILE_SUPERSEDE 0, FILE_OPEN 1, FILE_CREATE 2, FILE_OPEN_IF 3, FILE_OVERWRITE 4, _IF 5. */
  createDisposition: number;
  /** FILE_DIRECTORY_FILE and the like, without the disposition. */
  createOptions: number;
  /** What a new file gets: FILE_ATTRIBUTE_*. */
  fileAttributes: number;
  desiredAccess: number;
  /** In: rights the transport granted already (by privilege). Out: what the handle may do. */
  grantedAccess: number;
  /** Of a new file: a self-relative SECURITY_DESCRIPTOR. */
  securityDescriptor: Buffer | undefined;
  allocationSize: number;
  /** FILE_FULL_EA_INFORMATION records of a new file, or its reparse data (eaIsReparsePoint). */
  ea: Buffer | undefined;
  eaIsReparsePoint: boolean;
  /** False: the kernel itself asks, and gets what it asks for. */
  userMode: boolean;
  hasTraversePrivilege: boolean;
  hasBackupPrivilege: boolean;
  hasRestorePrivilege: boolean;
  /** Opens the parent and says whether the last component exists (SL_OPEN_TARGET_DIRECTORY). */
  openTargetDirectory: boolean;
  /** The name ended with a backslash that is no longer there. */
  hasTrailingBackslash: boolean;
  /** The transport has a use for the security descriptor in the answer. */
  acceptsSecurityDescriptor: boolean;
  accessToken: TokenSource | undefined;

  /** Out: 0 superseded, 1 opened, 2 created, 3 overwritten; with STATUS_REPARSE the tag. */
  information: number;
  /** Out: the open file. */
  fileObject: FileObject | undefined;
  /** Out, into the object that the transport gave. */
  fileInfo: FileInfo;
  /** Out, on volumes that do not tell case apart: the name as the directory has it. */
  normalizedName: string | undefined;
  /** Out: see acceptsSecurityDescriptor. */
  answeredSecurityDescriptor: Buffer | undefined;
  /** Out: the FileInfo must not be kept, as the file has other names (hard links). */
  disableCache: boolean;
  /** Out with STATUS_REPARSE: a REPARSE_DATA_BUFFER, or an absolute NT path (information 0). */
  reparseBuffer: Buffer | undefined;
}

/**
 * The second half of a Create that was answered with 0 (superseded) or 3 (overwritten): the content
 * is removed. If it fails, the engine has closed the file object.
 */
export interface OverwriteIrp {
  fileObject: FileObject;
  fileAttributes: number;
  allocationSize: number;
  /** Attributes and EAs are replaced; otherwise attributes are added. */
  supersede: boolean;
  ea: Buffer | undefined;
  fileInfo: FileInfo;
}

/** IRP_MJ_CLEANUP: the last handle of a file object was closed. Cannot fail. */
export interface CleanupIrp {
  fileObject: FileObject;
  /** The name is removed now. */
  delete: boolean;
  setAllocationSize: boolean;
  setArchiveBit: boolean;
}

/** IRP_MJ_CLOSE: the last reference has gone. Cannot fail. */
export interface CloseIrp {
  fileObject: FileObject;
}

/** IRP_MJ_READ. */
export interface ReadIrp {
  fileObject: FileObject;
  /** The transport's own memory: filled as far as the file goes. */
  buffer: Buffer;
  byteOffset: number;
  /** Out: bytes read. */
  information: number;
}

/** IRP_MJ_WRITE. */
export interface WriteIrp {
  fileObject: FileObject;
  buffer: Buffer;
  /** -1 appends. */
  byteOffset: number;
  /** Paging I/O: never extends the file, clips to its size. */
  constrainedIo: boolean;
  /** Out: bytes written. */
  information: number;
  fileInfo: FileInfo;
}

/** IRP_MJ_FLUSH_BUFFERS; without a file object the whole volume. */
export interface FlushBuffersIrp {
  fileObject: FileObject | undefined;
  fileInfo: FileInfo;
}

/** IRP_MJ_QUERY_INFORMATION. */
export interface QueryInformationIrp {
  fileObject: FileObject;
  fileInfo: FileInfo;
}

interface SetInformationBase {
  fileObject: FileObject;
  fileInfo: FileInfo;
}

/**
 * FileBasicInformation. A time of 0n and attributes of 0xffffffff stay as they are; attributes of 0
 * or NORMAL take all away.
 */
export interface SetBasicInformation extends SetInformationBase {
  fileInformationClass: (typeof INFORMATION_CLASS)['BASIC'];
  fileAttributes: number;
  creationTime: bigint;
  lastAccessTime: bigint;
  lastWriteTime: bigint;
  changeTime: bigint;
}

/** FileAllocationInformation. */
export interface SetAllocationInformation extends SetInformationBase {
  fileInformationClass: (typeof INFORMATION_CLASS)['ALLOCATION'];
  allocationSize: number;
}

/** FileEndOfFileInformation. */
export interface SetEndOfFileInformation extends SetInformationBase {
  fileInformationClass: (typeof INFORMATION_CLASS)['END_OF_FILE'];
  endOfFile: number;
}

/** FileDispositionInformation(Ex): only checks; the name goes at Cleanup. */
export interface SetDispositionInformation extends SetInformationBase {
  fileInformationClass: (typeof INFORMATION_CLASS)['DISPOSITION' | 'DISPOSITION_EX'];
  /** FILE_DISPOSITION_DELETE 1, POSIX_SEMANTICS 2, IGNORE_READONLY_ATTRIBUTE 0x10. */
  flags: number;
}

/** FileRenameInformation(Ex). */
export interface SetRenameInformation extends SetInformationBase {
  fileInformationClass: (typeof INFORMATION_CLASS)['RENAME' | 'RENAME_EX'];
  /** The whole new name, from the volume's root. */
  newName: string;
  /** FILE_RENAME_REPLACE_IF_EXISTS 1, POSIX_SEMANTICS 2, IGNORE_READONLY_ATTRIBUTE 0x40. */
  flags: number;
  accessToken: TokenSource | undefined;
}

/** IRP_MJ_SET_INFORMATION. */
export type SetInformationIrp =
  | SetBasicInformation
  | SetAllocationInformation
  | SetEndOfFileInformation
  | SetDispositionInformation
  | SetRenameInformation;

/** IRP_MJ_QUERY_EA: all of them; the transport picks. */
export interface QueryEaIrp {
  fileObject: FileObject;
  /** Out: FILE_FULL_EA_INFORMATION records. */
  ea: Buffer | undefined;
}

/** IRP_MJ_SET_EA: an empty value deletes. */
export interface SetEaIrp {
  fileObject: FileObject;
  ea: Buffer;
  fileInfo: FileInfo;
  /** Out: the EAs as they are now. */
  answeredEa: Buffer | undefined;
}

export interface VolumeInfo {
  totalSize: number;
  freeSize: number;
  volumeLabel: string;
}

/** IRP_MJ_QUERY_VOLUME_INFORMATION. */
export interface QueryVolumeInformationIrp {
  /** Out. */
  volumeInfo: VolumeInfo;
}

/** IRP_MJ_SET_VOLUME_INFORMATION: FileFsLabelInformation. */
export interface SetVolumeInformationIrp {
  volumeLabel: string;
  /** Out. */
  volumeInfo: VolumeInfo;
}

/** Where a transport encodes the entries of a listing. */
export interface DirectoryWriter {
  /**
   * One entry. `nextOffset` is the markerOffset that continues behind it. `fileInfo` belongs to the
   * engine and is used again for the next entry. Answers false when there is no room: the entry has
   * not been taken and the listing ends here.
   */
  entry(name: string, nextOffset: number, fileInfo: FileInfo): boolean;
}

/** IRP_MJ_DIRECTORY_CONTROL, IRP_MN_QUERY_DIRECTORY. */
export interface DirectoryControlIrp {
  fileObject: FileObject;
  /** Only names that it matches; undefined: all. Wildcards as FsRtlIsNameInExpression has them. */
  pattern: string | undefined;
  /** The pattern is one name, taken literally: at most that entry is answered. */
  patternIsFileName: boolean;
  /** Continue behind this name; undefined: see markerOffset. */
  marker: string | undefined;
  /** Continue behind the entry that got this nextOffset; 0 with no marker: from the start. */
  markerOffset: number;
  writer: DirectoryWriter;
  /** Out: nothing comes after the last entry written. */
  endOfDirectory: boolean;
}

/** IRP_MJ_FILE_SYSTEM_CONTROL. */
export interface FileSystemControlIrp {
  fileObject: FileObject;
  fsControlCode: number;
  inputBuffer: Buffer;
  /** The most that outputBuffer may hold. */
  outputBufferLength: number;
  /** Bytes of the substitute name before the part that lies on this volume; 0: it does not. */
  targetOnFileSystem: number;
  /** Out. */
  outputBuffer: Buffer | undefined;
}

/** IRP_MJ_DEVICE_CONTROL. */
export interface DeviceControlIrp {
  fileObject: FileObject;
  ioControlCode: number;
  inputBuffer: Buffer;
  outputBufferLength: number;
  /** Out. */
  outputBuffer: Buffer | undefined;
}

/** IRP_MJ_QUERY_SECURITY: all of it; the transport picks. */
export interface QuerySecurityIrp {
  fileObject: FileObject;
  /** Out: a self-relative SECURITY_DESCRIPTOR. */
  securityDescriptor: Buffer | undefined;
}

/** IRP_MJ_SET_SECURITY. */
export interface SetSecurityIrp {
  fileObject: FileObject;
  /** OWNER 1, GROUP 2, DACL 4, SACL 8 _SECURITY_INFORMATION. */
  securityInformation: number;
  modificationDescriptor: Buffer;
  /** Out: the descriptor as it is now. */
  securityDescriptor: Buffer | undefined;
}

/** NtQueryInformationFile and NtSetInformationFile: the driver's own answers, and its requests. */

import { closeHandle } from './cleanup.ts';
import { create } from './create.ts';
import { mayNot } from './data.ts';
import type { Driver } from './driver.ts';
import type { FileDesc, FileNode } from './file-node.ts';
import { isValidComponent, joinPath, splitPath } from './name-rules.ts';
import {
  access,
  attribute,
  disposition,
  dispositionFlag,
  option,
  renameFlag,
  setClass,
  share,
  status,
  succeeds,
} from './nt.ts';
import { type FileInfo, kind, Request } from './record.ts';
import type { Token } from './token.ts';

export interface InformationAnswer {
  readonly status: number;
  readonly info?: FileInfo;
}

function fileRequest(requestKind: number, file: FileDesc): Request {
  const { node } = file;
  return new Request(requestKind, node.name).contexts(node.userContext, file.userContext2);
}

/** The FILE_INFO that answers all query classes: from the cache, or from user mode. */
export async function queryInformation(driver: Driver, file: FileDesc): Promise<InformationAnswer> {
  const { node } = file;
  return await node.lock.shared(async () => {
    const kept = driver.kept(node.info);
    if (kept !== undefined) return { status: status.SUCCESS, info: kept };
    const response = await driver.send(fileRequest(kind.QUERY_INFORMATION, file));
    if (!succeeds(response.status)) return { status: response.status };
    driver.keepInfo(node, response.fileInfo());
    return { status: response.status, info: response.fileInfo() };
  });
}

/** FileBasicInformation. */
export async function queryBasic(driver: Driver, file: FileDesc): Promise<InformationAnswer> {
  if (mayNot(file, access.READ_ATTRIBUTES)) return { status: status.ACCESS_DENIED };
  return await queryInformation(driver, file);
}

/** FileStandardInformation; the driver answers one link always. */
export interface StandardInformation {
  readonly allocationSize: number;
  readonly endOfFile: number;
  readonly numberOfLinks: 1;
  readonly deletePending: boolean;
  readonly directory: boolean;
}

export async function queryStandard(
  driver: Driver,
  file: FileDesc,
): Promise<{ status: number; standard?: StandardInformation }> {
  const { status: answered, info } = await queryInformation(driver, file);
  if (info === undefined) return { status: answered };
  const { node } = file;
  return {
    status: answered,
    standard: {
      allocationSize: node.isDirectory ? 0 : info.allocationSize,
      endOfFile: node.isDirectory ? 0 : info.fileSize,
      numberOfLinks: 1,
      deletePending: node.deletePending,
      directory: node.isDirectory,
    },
  };
}

export interface BasicToSet {
  readonly attributes?: number;
  readonly creationTime?: bigint;
  readonly lastAccessTime?: bigint;
  readonly lastWriteTime?: bigint;
  readonly changeTime?: bigint;
}

/** -1 and -2 are no times: they stop and resume the implicit updates of a time. */
const time = (value: bigint | undefined): bigint =>
  value === undefined || value < 0n ? 0n : value;

export async function setBasic(driver: Driver, file: FileDesc, basic: BasicToSet): Promise<number> {
  if (mayNot(file, access.WRITE_ATTRIBUTES)) return status.ACCESS_DENIED;
  const { node } = file;
  const wanted = basic.attributes ?? 0;
  if (node.isDirectory && (wanted & attribute.TEMPORARY) !== 0) return status.INVALID_PARAMETER;
  let attributes = 0xffffffff;
  if (wanted !== 0) {
    attributes = wanted & ~(attribute.NORMAL | attribute.DIRECTORY);
    if (node.isDirectory) attributes |= attribute.DIRECTORY;
  }
  return await node.lock.exclusive(async () => {
    const request = fileRequest(kind.SET_INFORMATION, file)
      .u32(32, setClass.BASIC)
      .u32(40, attributes)
      .u64(48, time(basic.creationTime))
      .u64(56, time(basic.lastAccessTime))
      .u64(64, time(basic.lastWriteTime))
      .u64(72, time(basic.changeTime));
    const response = await driver.send(request);
    if (!succeeds(response.status)) return response.status;
    driver.keepInfo(node, response.fileInfo());
    if (attributes !== 0xffffffff) file.didSetAttributes = true;
    if (time(basic.lastAccessTime) !== 0n) file.didSetLastAccessTime = true;
    if (time(basic.lastWriteTime) !== 0n) file.didSetLastWriteTime = true;
    if (time(basic.changeTime) !== 0n) file.didSetChangeTime = true;
    file.didSetMetadata = true;
    driver.invalidateParent(node.name);
    return response.status;
  });
}

export async function setEndOfFile(
  driver: Driver,
  file: FileDesc,
  sizeBytes: number,
): Promise<number> {
  return await setSize(driver, file, setClass.END_OF_FILE, sizeBytes);
}

/** FileAllocationInformation: the driver rounds the size up to the allocation unit. */
export async function setAllocation(
  driver: Driver,
  file: FileDesc,
  sizeBytes: number,
): Promise<number> {
  const { sectorSize, sectorsPerAllocationUnit } = driver.parameters;
  const unit = sectorSize * sectorsPerAllocationUnit;
  return await setSize(driver, file, setClass.ALLOCATION, Math.ceil(sizeBytes / unit) * unit);
}

async function setSize(
  driver: Driver,
  file: FileDesc,
  informationClass: number,
  sizeBytes: number,
): Promise<number> {
  if (mayNot(file, access.WRITE_DATA)) return status.ACCESS_DENIED;
  const { node } = file;
  return await node.lock.exclusive(async () => {
    const request = fileRequest(kind.SET_INFORMATION, file)
      .u32(32, informationClass)
      .u64(40, sizeBytes);
    const response = await driver.send(request);
    if (!succeeds(response.status)) return response.status;
    driver.keepInfo(node, response.fileInfo());
    file.modified = true;
    if (informationClass === setClass.ALLOCATION) node.truncateOnClose = true;
    driver.invalidateParent(node.name);
    return response.status;
  });
}

/** FileDispositionInformation, or FileDispositionInformationEx for flags beyond DELETE. */
export async function setDisposition(
  driver: Driver,
  file: FileDesc,
  flags: number,
  extended = false,
): Promise<number> {
  if (mayNot(file, access.DELETE)) return status.ACCESS_DENIED;
  const { node } = file;
  const { parameters } = driver;
  if (extended && !parameters.supportsPosixUnlinkRename) return status.INVALID_PARAMETER;
  if (node.isRoot) return status.CANNOT_DELETE;
  return await node.lock.exclusive(async () => {
    if (node.posixDeleted) return status.FILE_DELETED;
    const deletes = (flags & dispositionFlag.DELETE) !== 0;
    const plain = (flags & ~dispositionFlag.POSIX) === dispositionFlag.DELETE;
    if (plain && file.dispositionStatus !== status.SUCCESS) return file.dispositionStatus;
    file.dispositionStatus = status.SUCCESS;
    const request = fileRequest(kind.SET_INFORMATION, file)
      .u32(32, extended ? setClass.DISPOSITION_EX : setClass.DISPOSITION)
      .u32(40, deletes ? flags : 0);
    const response = await driver.send(request);
    if (!succeeds(response.status)) {
      const { ACCESS_DENIED, DIRECTORY_NOT_EMPTY, CANNOT_DELETE } = status;
      const repeated = [ACCESS_DENIED, DIRECTORY_NOT_EMPTY, CANNOT_DELETE];
      if (plain && repeated.some((value) => value === response.status)) {
        file.dispositionStatus = response.status;
      }
      return response.status;
    }
    node.deletePending = deletes;
    if (!deletes) file.posixDelete = false;
    else if ((flags & dispositionFlag.POSIX) !== 0) file.posixDelete = true;
    return response.status;
  });
}

export interface RenameCall {
  readonly token: Token;
  /** The whole new name, or one component for a rename within the directory. */
  readonly newName: string;
  readonly flags: number;
  readonly extended?: boolean;
}

/** FileRenameInformation: the I/O manager first opens the target's directory. */
export async function rename(driver: Driver, file: FileDesc, call: RenameCall): Promise<number> {
  if (mayNot(file, access.DELETE)) return status.ACCESS_DENIED;
  let directory: FileDesc | undefined;
  if (call.newName.includes('\\')) {
    const target = await create(driver, {
      path: call.newName,
      token: call.token,
      desiredAccess:
        access.SYNCHRONIZE | (file.node.isDirectory ? access.APPEND_DATA : access.WRITE_DATA),
      disposition: disposition.OPEN,
      options: option.OPEN_FOR_BACKUP_INTENT,
      shareAccess: share.READ | share.WRITE,
      attributes: 0,
      allocationSize: 0,
      openTargetDirectory: true,
      kernelMode: !file.userMode,
    });
    if (target.file === undefined) return target.status;
    directory = target.file;
  }
  try {
    return await driver.renameLock.exclusive(() =>
      file.node.lock.exclusive(() => renameLocked(driver, file, call, directory)),
    );
  } finally {
    if (directory !== undefined) await closeHandle(driver, directory);
  }
}

async function renameLocked(
  driver: Driver,
  file: FileDesc,
  call: RenameCall,
  directory: FileDesc | undefined,
): Promise<number> {
  const { node } = file;
  const { parameters } = driver;
  if (call.extended === true && !parameters.supportsPosixUnlinkRename) {
    return status.INVALID_PARAMETER;
  }
  if (node.isRoot) return status.INVALID_PARAMETER;
  if (node.posixDeleted) return status.ACCESS_DENIED;
  const last = call.newName.replace(/\\$/, '').split('\\').at(-1) as string;
  if (!isValidComponent(last, parameters.maxComponentLength)) return status.INVALID_PARAMETER;
  const newPath = joinPath(directory?.node.name ?? splitPath(node.name).parent, last);
  const posix = (call.flags & renameFlag.POSIX) !== 0;
  if (inTheWay(driver, node, node.name, posix, true)) return status.ACCESS_DENIED;
  if (driver.nodes.key(newPath) !== driver.nodes.key(node.name)) {
    if (inTheWay(driver, node, newPath, posix, false)) return status.ACCESS_DENIED;
  } else if (newPath === node.name) return status.SUCCESS;
  const flags = call.extended === true ? call.flags : call.flags & renameFlag.REPLACE;
  const replaces = (flags & renameFlag.REPLACE) !== 0;
  const tokenHandle = replaces ? driver.tokens.open(call.token) : 0;
  try {
    const request = new Request(kind.SET_INFORMATION, node.name)
      .contexts(node.userContext, file.userContext2)
      .u32(32, call.extended === true ? setClass.RENAME_EX : setClass.RENAME)
      .u64(48, replaces ? (4242n << 32n) | BigInt(tokenHandle) : 0)
      .u32(56, flags)
      .text(40, newPath);
    const response = await driver.send(request);
    if (!succeeds(response.status)) return response.status;
    driver.invalidateParent(node.name);
    driver.invalidateParent(newPath);
    driver.nodes.rename(node, newPath);
    node.info = undefined;
    return response.status;
  } finally {
    if (tokenHandle !== 0) driver.tokens.close(tokenHandle);
  }
}

/** FspFileNodeRenameCheck: whether open files prevent a rename from, or to, this name. */
function inTheWay(
  driver: Driver,
  node: FileNode,
  name: string,
  posix: boolean,
  isOldName: boolean,
): boolean {
  if (isOldName && !node.isDirectory && node.handleCount === 1) return false;
  const key = driver.nodes.key(name);
  return driver.nodes.atOrBelow(name).some((other) => {
    if (!isOldName && driver.nodes.key(other.name) !== key) return true;
    if (other === node || other.handleCount === 0) return false;
    const allShareDelete = [...other.openers].every(
      (opener) => (opener.shareAccess & share.DELETE) !== 0,
    );
    return !(posix && allShareDelete);
  });
}

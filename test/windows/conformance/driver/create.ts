/**
 * NtCreateFile: the checks of the I/O manager and the driver, the request, and the use of its
 * answer.
 */
import type { Driver } from './driver.ts';
import { FileDesc, FileNode, sharesWith } from './file-node.ts';
import { isValidPath, joinPath, splitPath, upcase } from './name-rules.ts';
import {
  access,
  attribute,
  created,
  disposition,
  mapGeneric,
  option,
  status,
  succeeds,
} from './nt.ts';
import { ProtocolFault } from './protocol-fault.ts';
import { kind, Request, type Response } from './record.ts';
import { type ReparseAnswer, reparseOf } from './reparse.ts';
import type { Token } from './token.ts';

export interface CreateCall {
  /** From the volume's root, or relative to `related`. */
  readonly path: string;
  readonly related?: FileDesc;
  readonly token: Token;
  readonly desiredAccess: number;
  readonly disposition: number;
  readonly options: number;
  readonly shareAccess: number;
  readonly attributes: number;
  readonly allocationSize: number;
  readonly securityDescriptor?: Buffer | undefined;
  readonly ea?: Buffer | undefined;
  /** The reparse data of an atomic create (ECP). */
  readonly reparseData?: Buffer | undefined;
  /** The caller is the kernel itself. */
  readonly kernelMode?: boolean;
  /** SL_OPEN_TARGET_DIRECTORY: the first half of a rename. */
  readonly openTargetDirectory?: boolean;
  readonly processId?: number;
}

export interface CreateAnswer {
  readonly status: number;
  readonly information: number;
  readonly file?: FileDesc;
  /** Set if a reparse point leads off the volume, or has a tag that the driver does not handle. */
  readonly reparse?: ReparseAnswer;
}

const refused = (value: number): CreateAnswer => ({ status: value, information: 0 });
/** How often the object manager parses one name again. */
const maxReparses = 63;

export async function create(driver: Driver, call: CreateCall): Promise<CreateAnswer> {
  let path = call.related === undefined ? call.path : relative(call.related, call.path);
  for (let round = 0; round < maxReparses; round++) {
    const early = checkBefore(driver, call, path);
    if (early !== undefined) return refused(early);
    const answer = await driver.renameLock.shared(() => createOnce(driver, call, path));
    if (answer.reparse?.onVolume === undefined) return answer;
    path = answer.reparse.onVolume;
  }
  return refused(status.REPARSE_POINT_NOT_RESOLVED);
}

function relative(related: FileDesc, path: string): string {
  return path === '' ? related.node.name : joinPath(related.node.name, path);
}

/** The status of a call that is refused before user mode gets a request. */
function checkBefore(driver: Driver, call: CreateCall, path: string): number | undefined {
  const { options } = call;
  const directory = (options & option.DIRECTORY_FILE) !== 0;
  const { OPEN, CREATE, OPEN_IF } = disposition;
  // NtCreateFile checks this itself.
  if (directory && ![OPEN, CREATE, OPEN_IF].some((value) => value === call.disposition)) {
    return status.INVALID_PARAMETER;
  }
  if (directory && (options & option.NON_DIRECTORY_FILE) !== 0) return status.INVALID_PARAMETER;
  const wants = mapGeneric(call.desiredAccess);
  if ((options & option.DELETE_ON_CLOSE) !== 0 && (wants & access.DELETE) === 0) {
    return status.INVALID_PARAMETER;
  }
  if ((options & option.OPEN_BY_FILE_ID) !== 0) return status.NOT_IMPLEMENTED;
  if (call.ea !== undefined && !driver.parameters.extendedAttributes) {
    return status.EAS_NOT_SUPPORTED;
  }
  if (directory && (call.attributes & attribute.TEMPORARY) !== 0 && call.disposition !== OPEN) {
    return status.INVALID_PARAMETER;
  }
  if (!isValidPath(path, driver.parameters.maxComponentLength)) return status.OBJECT_NAME_INVALID;
  if (path === '\\') {
    if (call.disposition !== OPEN && call.disposition !== OPEN_IF) return status.ACCESS_DENIED;
    if (call.openTargetDirectory === true) return status.ACCESS_DENIED;
    if ((options & option.DELETE_ON_CLOSE) !== 0) return status.CANNOT_DELETE;
  }
  return undefined;
}

/** IopCheckBackupRestorePrivilege: the rights that a privilege gives with backup intent. */
function privileged(call: CreateCall, desired: number): { granted: number; bits: number } {
  let granted = 0;
  let bits = 0;
  if ((call.options & option.OPEN_FOR_BACKUP_INTENT) === 0) return { granted, bits };
  if (call.token.privileges.includes('SeBackupPrivilege')) {
    granted |= access.READ_CONTROL | access.SYSTEM_SECURITY | access.FILE_GENERIC_READ;
    granted |= access.EXECUTE;
    bits |= 4;
  }
  if (call.token.privileges.includes('SeRestorePrivilege')) {
    granted |= access.WRITE_DAC | access.WRITE_OWNER | access.SYSTEM_SECURITY;
    granted |= access.FILE_GENERIC_WRITE | access.DELETE;
    bits |= 8;
  }
  const asked = desired & granted;
  return { granted: (desired & access.MAXIMUM_ALLOWED) !== 0 ? granted : asked, bits };
}

function makeRequest(driver: Driver, call: CreateCall, path: string, tokenHandle: number): Request {
  const trailing = path.length > 1 && path.endsWith('\\');
  const request = new Request(kind.CREATE, trailing ? path.slice(0, -1) : path);
  const desired = mapGeneric(call.desiredAccess);
  const { granted, bits } = privileged(call, desired);
  const isDirectory = (call.options & option.DIRECTORY_FILE) !== 0;
  const { NORMAL, DIRECTORY, REPARSE_POINT } = attribute;
  const attributes = call.attributes & ~(NORMAL | DIRECTORY | REPARSE_POINT);
  const { sectorSize, sectorsPerAllocationUnit, allowOpenInKernelMode } = driver.parameters;
  const unit = sectorSize * sectorsPerAllocationUnit;
  request
    .u32(16, (call.options & 0xffffff) | (call.disposition << 24))
    .u32(20, attributes | (isDirectory ? DIRECTORY : 0))
    .u64(32, Math.ceil(call.allocationSize / unit) * unit)
    .u64(40, (BigInt(call.processId ?? 4242) << 32n) | BigInt(tokenHandle))
    .u32(48, desired & ~granted)
    .u32(52, granted)
    .u32(56, call.shareAccess);
  if (call.securityDescriptor !== undefined) request.blob(24, call.securityDescriptor);
  const extra = call.reparseData ?? call.ea;
  if (extra !== undefined) request.blob(60, extra);
  let flags = bits;
  if (call.kernelMode !== true) flags |= 1;
  if (call.token.privileges.includes('SeChangeNotifyPrivilege')) flags |= 2;
  if (call.openTargetDirectory === true) flags |= 0x10;
  if (driver.parameters.caseSensitiveSearch) flags |= 0x20;
  if (trailing) flags |= 0x40;
  if (allowOpenInKernelMode) flags |= 0x80;
  if (call.reparseData !== undefined) flags |= 0x100;
  return request.u32(64, flags);
}

async function createOnce(driver: Driver, call: CreateCall, path: string): Promise<CreateAnswer> {
  const tokenHandle = driver.tokens.open(call.token);
  let response: Response;
  try {
    response = await driver.send(makeRequest(driver, call, path, tokenHandle));
  } finally {
    driver.tokens.close(tokenHandle);
  }
  if (!succeeds(response.status)) return refused(response.status);
  if (response.status === status.REPARSE) {
    const reparse = reparseOf(response);
    return { status: reparse.status, information: 0, reparse };
  }
  if (response.status !== status.SUCCESS) {
    throw new ProtocolFault(`a Create was answered with ${response.status.toString(16)}`);
  }
  return await opened(driver, call, path, response);
}

/** User mode has opened the file: contexts, share modes, and the second half of overwriting. */
async function opened(
  driver: Driver,
  call: CreateCall,
  path: string,
  response: Response,
): Promise<CreateAnswer> {
  const trimmed = path.length > 1 && path.endsWith('\\') ? path.slice(0, -1) : path;
  const own = call.openTargetDirectory === true ? splitPath(trimmed).parent : trimmed;
  const info = response.fileInfo(48);
  const fresh = new FileNode(nodeName(driver, response, own));
  fresh.userContext = response.u64(24);
  fresh.isDirectory = (info.fileAttributes & attribute.DIRECTORY) !== 0;
  const file = new FileDesc(driver.nodes.get(fresh.name) ?? fresh, {
    userContext2: response.u64(32),
    grantedAccess: response.u32(40),
    shareAccess: call.shareAccess,
    options: call.options,
    userMode: call.kernelMode !== true,
  });
  const refusal = enter(driver, call, file);
  if (refusal !== undefined) {
    driver.sendCloseOf(file.node.userContext, file.userContext2);
    return refused(refusal);
  }
  const { node } = file;
  const { information } = response;
  if (information === created.SUPERSEDED || information === created.OVERWRITTEN) {
    return await overwrite(driver, call, file, response);
  }
  const isNew = information === created.CREATED;
  if (node.openCount === 1 || isNew) {
    driver.keepInfo(node, info);
    const descriptor = (response.u32(124) & 2) !== 0 ? response.blob(44) : undefined;
    if (descriptor !== undefined && driver.parameters.allowOpenInKernelMode) {
      node.security = driver.keep(descriptor, driver.parameters.securityTimeoutMs);
    }
  }
  if (isNew) driver.invalidateParent(node.name);
  return { status: status.SUCCESS, information, file };
}

/** On a case-insensitive volume the node gets the name that user mode answers. */
function nodeName(driver: Driver, response: Response, asked: string): string {
  if (driver.parameters.caseSensitiveSearch) return asked;
  const said = response.blob(120).toString('utf16le');
  if (said === '') return upcase(asked);
  if (upcase(said) !== upcase(asked)) {
    throw new ProtocolFault(`the normalized name ${said} is not ${asked}`);
  }
  return said;
}

/**
 * Enters the file into the table of nodes. Answers the status of a refusal: DELETE_PENDING, shares.
 */
function enter(driver: Driver, call: CreateCall, file: FileDesc): number | undefined {
  const { node } = file;
  if (node.openCount > 0) {
    if (node.deletePending) return status.DELETE_PENDING;
    let checked = file.grantedAccess;
    const { OVERWRITE, OVERWRITE_IF, SUPERSEDE } = disposition;
    if (call.disposition === OVERWRITE || call.disposition === OVERWRITE_IF) {
      checked |= access.WRITE_DATA;
    }
    if (call.disposition === SUPERSEDE) checked |= access.DELETE;
    const shares = sharesWith(node.openers, checked, call.shareAccess);
    if (!shares) return status.SHARING_VIOLATION;
  } else {
    driver.nodes.add(node);
  }
  node.openCount += 1;
  node.handleCount += 1;
  node.openers.add(file);
  return undefined;
}

function leave(driver: Driver, file: FileDesc): void {
  const { node } = file;
  node.openCount -= 1;
  node.handleCount -= 1;
  node.openers.delete(file);
  file.cleanedUp = true;
  file.closed = true;
  if (node.openCount === 0) driver.nodes.remove(node);
}

async function overwrite(
  driver: Driver,
  call: CreateCall,
  file: FileDesc,
  response: Response,
): Promise<CreateAnswer> {
  const { node } = file;
  const { HIDDEN, SYSTEM, NORMAL, DIRECTORY } = attribute;
  const has = response.fileInfo(48).fileAttributes;
  if ((has & (HIDDEN | SYSTEM) & ~call.attributes) !== 0) {
    leave(driver, file);
    driver.sendCloseOf(node.userContext, file.userContext2);
    return refused(status.ACCESS_DENIED);
  }
  const request = new Request(kind.OVERWRITE).contexts(node.userContext, file.userContext2);
  const { sectorSize, sectorsPerAllocationUnit } = driver.parameters;
  const unit = sectorSize * sectorsPerAllocationUnit;
  request
    .u32(32, call.attributes & ~(NORMAL | DIRECTORY))
    .u64(40, Math.ceil(call.allocationSize / unit) * unit)
    .u32(48, response.information === created.SUPERSEDED ? 1 : 0);
  if (call.ea !== undefined) request.blob(52, call.ea);
  const answer = await node.lock.exclusive(() => driver.send(request));
  if (!succeeds(answer.status)) {
    // User mode has closed the file itself.
    leave(driver, file);
    return refused(answer.status);
  }
  driver.keepInfo(node, answer.fileInfo());
  node.ea = undefined;
  driver.invalidateParent(node.name);
  return { status: status.SUCCESS, information: response.information, file };
}

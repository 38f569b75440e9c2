/** FSCTLs for reparse points, IOCTLs to the file system, and the volume's information. */
import { mayNot } from './data.ts';
import type { Driver } from './driver.ts';
import type { FileDesc } from './file-node.ts';
import { access, fsctl, status, succeeds } from './nt.ts';
import { ProtocolFault } from './protocol-fault.ts';
import { kind, Request, type Response } from './record.ts';
import { invalidReparse, targetOnVolume } from './reparse.ts';

export interface ControlAnswer {
  readonly status: number;
  readonly output: Buffer;
}

const nothing: Buffer = Buffer.alloc(0);
const failed = (value: number): ControlAnswer => ({ status: value, output: nothing });
const maxPayloadBytes = 4096;

export async function fileSystemControl(
  driver: Driver,
  file: FileDesc,
  code: number,
  input: Buffer,
): Promise<ControlAnswer> {
  const { node } = file;
  if (!driver.parameters.reparsePoints) return failed(status.INVALID_DEVICE_REQUEST);
  const writes = code === fsctl.SET_REPARSE_POINT || code === fsctl.DELETE_REPARSE_POINT;
  if (!writes && code !== fsctl.GET_REPARSE_POINT) return failed(status.INVALID_DEVICE_REQUEST);
  if (writes) {
    if (mayNot(file, access.WRITE_DATA | access.WRITE_ATTRIBUTES)) {
      return failed(status.ACCESS_DENIED);
    }
    const invalid = invalidForControl(code, input);
    if (invalid !== undefined) return failed(invalid);
  }
  const work = async (): Promise<ControlAnswer> => {
    const request = new Request(kind.FILE_SYSTEM_CONTROL, node.name)
      .contexts(node.userContext, file.userContext2)
      .u32(32, code);
    if (writes) request.blob(36, input);
    if (code === fsctl.SET_REPARSE_POINT) request.u16(40, targetOnVolume(input));
    const response = await driver.send(request);
    if (!succeeds(response.status)) return failed(response.status);
    if (writes) {
      node.info = undefined;
      file.didSetMetadata = true;
      driver.invalidateParent(node.name);
      return { status: response.status, output: nothing };
    }
    return { status: response.status, output: reparseOutput(response) };
  };
  return await (writes ? node.lock.exclusive(work) : node.lock.shared(work));
}

/** FSCTL_DELETE_REPARSE_POINT takes the header alone. */
function invalidForControl(code: number, input: Buffer): number | undefined {
  if (code === fsctl.SET_REPARSE_POINT) return invalidReparse(input);
  const good = input.length >= 8 && input.readUInt16LE(4) === 0;
  return good ? undefined : status.IO_REPARSE_DATA_INVALID;
}

function reparseOutput(response: Response): Buffer {
  const output = response.blob(24);
  if (invalidReparse(output) !== undefined) {
    throw new ProtocolFault('FSCTL_GET_REPARSE_POINT was answered with invalid data');
  }
  return output;
}

export async function deviceControl(
  driver: Driver,
  file: FileDesc,
  code: number,
  input: Buffer,
  outputLength: number,
): Promise<ControlAnswer> {
  if (input.length > maxPayloadBytes || outputLength > maxPayloadBytes) {
    return failed(status.INVALID_PARAMETER);
  }
  const { node } = file;
  const request = new Request(kind.DEVICE_CONTROL, node.name)
    .contexts(node.userContext, file.userContext2)
    .u32(32, code)
    .u32(40, outputLength);
  if (input.length > 0) request.blob(36, input);
  const response = await node.lock.exclusive(() => driver.send(request));
  if (!succeeds(response.status)) return failed(response.status);
  const output = response.blob(24);
  if (output.length > outputLength) throw new ProtocolFault('a DeviceControl says too much');
  return { status: response.status, output };
}

export interface VolumeInfo {
  readonly totalSize: number;
  readonly freeSize: number;
  readonly label: string;
}

function readVolumeInfo(response: Response): VolumeInfo {
  const labelBytes = response.bytes.readUInt16LE(24 + 16);
  if (labelBytes > 64 || labelBytes % 2 !== 0) {
    throw new ProtocolFault(`a label of ${labelBytes} bytes`);
  }
  return {
    totalSize: Number(response.u64(24)),
    freeSize: Number(response.u64(32)),
    label: response.bytes.toString('utf16le', 24 + 18, 24 + 18 + labelBytes),
  };
}

/** The source of FileFsVolumeInformation, FileFsSizeInformation, FileFsFullSizeInformation. */
export async function queryVolume(
  driver: Driver,
): Promise<{ status: number; volume?: VolumeInfo }> {
  const response = await driver.send(new Request(kind.QUERY_VOLUME_INFORMATION));
  if (!succeeds(response.status)) return { status: response.status };
  return { status: response.status, volume: readVolumeInfo(response) };
}

/** FileFsAttributeInformation, made of the volume's parameters (WinFsp's src/sys/volinfo.c). */
export function queryAttributes({ parameters }: Driver): number {
  return (
    (parameters.caseSensitiveSearch ? 0x1 : 0) |
    (parameters.casePreservedNames ? 0x2 : 0) |
    (parameters.unicodeOnDisk ? 0x4 : 0) |
    (parameters.persistentAcls ? 0x8 : 0) |
    (parameters.reparsePoints ? 0x80 : 0) |
    (parameters.supportsPosixUnlinkRename ? 0x400 : 0) |
    (parameters.readOnlyVolume ? 0x80000 : 0) |
    (parameters.extendedAttributes ? 0x800000 : 0)
  );
}

/** FileFsLabelInformation. */
export async function setLabel(
  driver: Driver,
  label: string,
): Promise<{ status: number; volume?: VolumeInfo }> {
  const request = new Request(kind.SET_VOLUME_INFORMATION).u32(16, 2).text(20, label);
  const response = await driver.send(request);
  if (!succeeds(response.status)) return { status: response.status };
  return { status: response.status, volume: readVolumeInfo(response) };
}

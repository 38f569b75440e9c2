/** Extended attributes: the lists of FILE_FULL_EA_INFORMATION, and NtQueryEaFile, NtSetEaFile. */
import { mayNot } from './data.ts';
import type { Driver } from './driver.ts';
import type { FileDesc } from './file-node.ts';
import { access, status, succeeds } from './nt.ts';
import { ProtocolFault } from './protocol-fault.ts';
import { kind, Request } from './record.ts';

export interface Ea {
  readonly name: string;
  readonly value: Buffer;
  /** FILE_NEED_EA. */
  readonly flags?: number;
}

/** Characters that FsRtlIsEaNameValid refuses besides the control characters. */
const badInName = /["*+,/:;<=>?[\\\]|]/;

export function encodeEas(eas: readonly Ea[]): Buffer {
  const parts = eas.map(({ name, value, flags = 0 }, index) => {
    const used = 8 + name.length + 1 + value.length;
    const isLast = index === eas.length - 1;
    const record = Buffer.alloc(isLast ? used : (used + 3) & ~3);
    record.writeUInt32LE(isLast ? 0 : record.length, 0);
    record.writeUInt8(flags, 4);
    record.writeUInt8(name.length, 5);
    record.writeUInt16LE(value.length, 6);
    record.write(name, 8, 'latin1');
    value.copy(record, 8 + name.length + 1);
    return record;
  });
  return Buffer.concat(parts);
}

/** Throws a ProtocolFault for a list that IoCheckEaBufferValidity rejects. */
export function decodeEas(list: Buffer): Ea[] {
  const eas: Ea[] = [];
  if (list.length === 0) return eas;
  for (let at = 0; ; ) {
    if (at + 8 > list.length) throw new ProtocolFault('a list of EAs ends inside an entry');
    const next = list.readUInt32LE(at);
    const nameLength = list.readUInt8(at + 5);
    const valueAt = at + 8 + nameLength + 1;
    const end = valueAt + list.readUInt16LE(at + 6);
    if (end > list.length) throw new ProtocolFault('an EA leaves its list');
    if (list[valueAt - 1] !== 0) throw new ProtocolFault('an EA whose name has no NUL');
    const name = list.toString('latin1', at + 8, valueAt - 1);
    eas.push({ name, value: Buffer.from(list.subarray(valueAt, end)), flags: list[at + 4] ?? 0 });
    if (next === 0) return eas;
    if (next % 4 !== 0 || at + next < end) throw new ProtocolFault(`an EA's next is at ${next}`);
    at += next;
  }
}

export interface EaAnswer {
  readonly status: number;
  readonly eas: readonly Ea[];
}

/** Answers all EAs, or those with these names: a missing one has an empty value. */
export async function queryEa(
  driver: Driver,
  file: FileDesc,
  names?: readonly string[],
): Promise<EaAnswer> {
  if (!driver.parameters.extendedAttributes)
    return { status: status.INVALID_DEVICE_REQUEST, eas: [] };
  if (mayNot(file, access.READ_EA)) return { status: status.ACCESS_DENIED, eas: [] };
  const { node } = file;
  return await node.lock.shared(async () => {
    let list = driver.kept(node.ea);
    if (list === undefined) {
      const request = new Request(kind.QUERY_EA, node.name);
      const response = await driver.send(request.contexts(node.userContext, file.userContext2));
      if (!succeeds(response.status)) return { status: response.status, eas: [] };
      list = response.blob(24);
      decodeEas(list);
      node.ea = driver.keep(list, driver.parameters.eaTimeoutMs);
    }
    const all = decodeEas(list);
    if (names === undefined) {
      return { status: all.length === 0 ? status.NO_EAS_ON_FILE : status.SUCCESS, eas: all };
    }
    const eas = names.map((name) => {
      // EA names are compared without regard to case, even on a volume that preserves it.
      const found = all.find((ea) => ea.name.toUpperCase() === name.toUpperCase());
      return found ?? { name, value: Buffer.alloc(0) };
    });
    return { status: status.SUCCESS, eas };
  });
}

export async function setEa(driver: Driver, file: FileDesc, eas: readonly Ea[]): Promise<number> {
  if (!driver.parameters.extendedAttributes) return status.INVALID_DEVICE_REQUEST;
  if (mayNot(file, access.WRITE_EA)) return status.ACCESS_DENIED;
  if (eas.some(({ name }) => name === '' || name.length > 254 || badInName.test(name))) {
    return status.INVALID_EA_NAME;
  }
  const { node } = file;
  return await node.lock.exclusive(async () => {
    const request = new Request(kind.SET_EA, node.name)
      .contexts(node.userContext, file.userContext2)
      .blob(32, encodeEas(eas));
    const response = await driver.send(request);
    if (!succeeds(response.status)) return response.status;
    driver.keepInfo(node, response.fileInfo());
    node.ea = undefined;
    const list = response.blob(96);
    if (list.length > 0) {
      decodeEas(list);
      node.ea = driver.keep(list, driver.parameters.eaTimeoutMs);
    }
    file.didSetMetadata = true;
    driver.invalidateParent(node.name);
    return response.status;
  });
}

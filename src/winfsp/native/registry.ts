/** Reads the registry: RegGetValueW. Windows only. */
import { Buffer } from 'node:buffer';
import { type Handle, handleType, loadFfi } from '../../host/ffi.ts';

/** HKEY_LOCAL_MACHINE, sign-extended as every predefined key is. */
const localMachine: Handle = 0x80000002 | 0;
/** RRF_RT_REG_SZ */
const typeString = 0x2;
const success = 0;
const maxBytes = 4096;

/** A string of HKEY_LOCAL_MACHINE; undefined where there is none. */
export async function readRegistryString(key: string, value: string): Promise<string | undefined> {
  const getValue = (await loadFfi()).open('advapi32.dll')('RegGetValueW', 'int32', [
    handleType,
    'str16',
    'str16',
    'uint32',
    'void *',
    'void *',
    'void *',
  ]);
  const data = Buffer.alloc(maxBytes);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(maxBytes);
  if (getValue(localMachine, key, value, typeString, null, data, size) !== success)
    return undefined;
  const text = data.toString('utf16le', 0, size.readUInt32LE());
  return text.replace(/\0+$/, '');
}

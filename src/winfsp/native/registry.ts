/** Reads the registry: RegGetValueW. Windows only. */
import { Buffer } from 'node:buffer';

/** HKEY_LOCAL_MACHINE, sign-extended as every predefined key is. */
const localMachine = 0xffffffff80000002n;
const typeString = 0x2;
const success = 0;
const mostBytes = 4096;

/** A string of HKEY_LOCAL_MACHINE; undefined where there is none. */
export async function readRegistryString(key: string, value: string): Promise<string | undefined> {
  const { default: koffi } = await import('koffi');
  const advapi32 = koffi.load('advapi32.dll');
  const getValue = advapi32.func('RegGetValueW', 'int32', [
    'uintptr_t',
    'str16',
    'str16',
    'uint32',
    'void *',
    'void *',
    'void *',
  ]) as (...args: readonly unknown[]) => number;
  const data = Buffer.alloc(mostBytes);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(mostBytes);
  if (getValue(localMachine, key, value, typeString, null, data, size) !== success)
    return undefined;
  const text = data.toString('utf16le', 0, size.readUInt32LE());
  return text.replace(/\0+$/, '');
}

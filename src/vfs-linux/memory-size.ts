/** Checks the size of a kernel's memory, and allocates it. */
import { FsBridgeError } from '../errors.ts';
import { maxMemoryBytes, minMemoryBytes } from './limits.ts';
import { KernelMemory } from './memory.ts';

const wasmPageBytes = 65536;

/** Memory of that size, rounded down to 64 KiB. Throws ERR_MEMORY_SIZE or ERR_OUT_OF_MEMORY. */
export function allocateMemory(sizeBytes: number): KernelMemory {
  const whole = Math.floor(sizeBytes / wasmPageBytes) * wasmPageBytes;
  if (!Number.isFinite(sizeBytes) || whole < minMemoryBytes || whole > maxMemoryBytes) {
    throw new FsBridgeError(
      'ERR_MEMORY_SIZE',
      'the kernel memory',
      `${sizeBytes} bytes is not between ${minMemoryBytes} and ${maxMemoryBytes}`,
      'Give it 48 MB to 3.5 GB; 256 MB is the default.',
    );
  }
  try {
    return new KernelMemory(whole);
  } catch (error) {
    throw new FsBridgeError(
      'ERR_OUT_OF_MEMORY',
      'the kernel memory',
      `this machine does not give ${Math.round(whole / 1048576)} MB`,
      'Ask for less with --memory.',
      { cause: error },
    );
  }
}

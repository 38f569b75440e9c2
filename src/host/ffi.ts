/**
 * Functions of the host's C libraries and DLLs, through koffi. koffi is loaded when a function is
 * first wanted, and only this file imports it.
 *
 * Types are koffi's names ('int', 'uintptr_t', 'void *', 'str16', …). Integers come back as
 * numbers; one beyond 2^53 would come back as a bigint, and no function that is bound here answers
 * one.
 */
import { createRequire } from 'node:module';

export type Koffi = typeof import('koffi').default;

/**
 * A Windows HANDLE. 64-bit Windows keeps handles in 32 bits and extends their sign ("Interprocess
 * Communication Between 32-bit and 64-bit Applications"), so a number holds one.
 */
export type Handle = number;

/** A HANDLE's type for `Bind`: signed, so that INVALID_HANDLE_VALUE is -1. */
export const handleType = 'intptr_t';
export const invalidHandle: Handle = -1;

/** A C function, called on this thread. */
export interface Native {
  (...args: readonly unknown[]): number;
  /** The same on a thread of koffi's; the last argument is (error, answer) => void. */
  async(...args: readonly unknown[]): void;
}

/** Finds a function in a library; throws where the library has none of that name. */
export type Bind = (name: string, result: string, types: readonly string[]) => Native;

export class Ffi {
  /** For what only one caller needs: callbacks, views of memory, watching a descriptor. */
  readonly koffi: Koffi;

  constructor(koffi: Koffi) {
    this.koffi = koffi;
  }

  /**
   * Opens a library; null is this process itself, and so its C library. Throws what koffi throws.
   */
  open(path: string | null): Bind {
    const library = this.koffi.load(path);
    return (name, result, types) => library.func(name, result, [...types]) as unknown as Native;
  }

  /** Where a buffer lies in this process's memory. */
  addressOf(buffer: Uint8Array): bigint {
    return this.koffi.address(buffer);
  }

  /**
   * The answer of a call to the C library: a negative errno in the place of -1. Ask right after the
   * call, or in the callback of an asynchronous one.
   */
  orErrno(answer: number): number {
    return answer < 0 ? -this.koffi.errno() : answer;
  }
}

/** Loads koffi. Throws where it has no build for this host. */
export async function loadFfi(): Promise<Ffi> {
  const { default: koffi } = await import('koffi');
  return new Ffi(koffi);
}

/** The same without a promise. */
export function loadFfiSync(): Ffi {
  return new Ffi(createRequire(import.meta.url)('koffi') as Koffi);
}

/**
 * Runs a call on another thread. `decode` is called with its answer, at a moment when errno or
 * GetLastError() is still the call's. Rejects with koffi's error where the call could not be made.
 */
export function inBackground<T>(
  call: Native,
  args: readonly unknown[],
  decode: (answer: number) => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    call.async(...args, (failure: Error | null, answer: number) => {
      // The closure holds what was passed for as long as the call may use it.
      keepAlive(args);
      if (failure) reject(failure);
      else resolve(decode(answer));
    });
  });
}

/**
 * Does nothing. A closure that names a buffer here holds it, so that the garbage collector does not
 * free memory whose address a native call was given.
 */
export function keepAlive(..._values: readonly unknown[]): void {}

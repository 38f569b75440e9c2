/**
 * The errors for a caller's mistake, with the codes that Node gives for the same mistake
 * (https://nodejs.org/api/errors.html), so that code written for fs/promises sees no difference.
 */
import { inspect } from 'node:util';

interface CodedError extends Error {
  code: string;
}

function coded<E extends Error>(error: E, code: string): E & CodedError {
  return Object.assign(error, { code });
}

/** The argument is of a type that the call does not take. */
export function invalidType(name: string, expected: string, value: unknown): TypeError {
  const text = `The "${name}" argument must be ${expected}. Received ${inspect(value)}`;
  return coded(new TypeError(text), 'ERR_INVALID_ARG_TYPE');
}

/** The argument has the right type, but its value makes no sense. */
export function invalidValue(name: string, value: unknown, reason = 'is invalid'): TypeError {
  const text = `The argument '${name}' ${reason}. Received ${inspect(value)}`;
  return coded(new TypeError(text), 'ERR_INVALID_ARG_VALUE');
}

export function outOfRange(name: string, range: string, value: unknown): RangeError {
  const text = `The value of "${name}" is out of range. It must be ${range}. Received ${value}`;
  return coded(new RangeError(text), 'ERR_OUT_OF_RANGE');
}

/** The error of an operation whose AbortSignal was triggered. */
export function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return coded(error, 'ABORT_ERR');
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

/** Any other error with one of Node's codes. */
export function codedError(code: string, text: string): Error {
  return coded(new Error(text), code);
}

/** The errors that fs.rm and fs.cp themselves throw: ERR_FS_EISDIR, ERR_FS_CP_… */
export class TreeError extends Error {
  readonly code: string;
  /** Positive here, as in Node. */
  readonly errno: number;
  readonly syscall: string;
  readonly path: string;

  constructor(code: string, errno: number, syscall: string, path: string, why: string) {
    super(`${why}: ${syscall} '${path}'`);
    this.name = 'SystemError';
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
    this.path = path;
  }
}

/**
 * Messages for a person. An error becomes two lines, `fsbridge: what: why (CODE)` and the advice,
 * and an exit code: 1 for a failure, 2 for wrong usage.
 */
import { FsBridgeError } from '../errors.ts';
import { hostCode } from '../host/host-error.ts';
import { errno } from '../vfs-linux/abi.gen.ts';
import { type Errno, isErrno } from '../vfs-linux/errno.ts';
import { errnoMeaning, errnoName } from '../vfs-linux/errors.ts';
import { escapeLines, escapeName, escapeText } from './display-names.ts';

const usageCodes: ReadonlySet<string> = new Set(['ERR_USAGE', 'ERR_READ_ONLY', 'ERR_MEMORY_SIZE']);

const advices: Readonly<Record<string, string>> = {
  ENOENT: 'Look for a typing mistake; `fsbridge ls` shows what is there.',
  ENOTDIR: 'A part of the path is not a directory: `fsbridge ls` shows what is there.',
  EISDIR: 'Name a file in it instead.',
  EEXIST: 'Choose another name, or remove what is there.',
  ENOTEMPTY: 'Empty it first, or remove it with everything in it: `fsbridge rm -r`.',
  ENOSPC: 'Make room on it: `fsbridge df` shows how much there is.',
  EDQUOT: 'Make room in this quota, or ask for a larger one.',
  EROFS: 'A file system with errors stays read-only: check it, for example with fsck.',
  EACCES: 'Ask its owner for the right, or be root.',
  EPERM: 'The file system does not support it, or only root may do that.',
  EIO: 'The disk or the file system is damaged there: copy what can be read, then check it.',
  EUCLEAN: 'Check the file system with its own tool, such as fsck, on a copy.',
  EBADMSG: 'Check the file system with its own tool, such as fsck, on a copy.',
  ENAMETOOLONG: 'Choose a shorter name.',
  ELOOP: 'The symbolic links on this path lead round in a circle.',
  EBUSY: 'A program still uses it: end that, and try again.',
  ENOMEM: 'Give the kernel more with --memory, such as --memory 1G.',
  EXDEV: 'Copy it instead: the two lie on different file systems or subvolumes.',
  EINVAL: 'The file system does not allow that; --verbose shows what the kernel says.',
  ENOKEY: 'The directory is encrypted, and its key is not here.',
};

const fallbackAdvice = 'Run it again with --verbose to see what the kernel says.';

/** The parts of a message about any error. */
export interface ErrorDescription {
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly advice: string;
}

/** Node has texts of its own for errno codes; the kernel's read better. */
function whyOf(error: Error, code: string): string {
  const number = (errno as Readonly<Record<string, number>>)[code];
  return number === undefined ? error.message : errnoMeaning(number);
}

/** Any error in the terms of FsBridgeError; `what` names the thing where the error does not. */
export function describeError(error: unknown, what = 'internal error'): ErrorDescription {
  if (error instanceof FsBridgeError) {
    const advice = error.advice ?? advices[error.code] ?? fallbackAdvice;
    return { code: error.code, what: error.what, why: error.why, advice };
  }
  if (error instanceof Error) {
    const code = hostCode(error, 'ERR_INTERNAL');
    const known = code in errno;
    const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined;
    const advice = known
      ? (advices[code] ?? fallbackAdvice)
      : 'This is a mistake of fsbridge: FSBRIDGE_DEBUG=1 shows where. Please report it.';
    return { code, what: known ? (path ?? what) : what, why: whyOf(error, code), advice };
  }
  return { code: 'ERR_INTERNAL', what, why: String(error), advice: fallbackAdvice };
}

/** Thrown at the end of a command some of whose parts failed; each failure is printed already. */
export class PartlyFailed extends Error {
  constructor(entries: number) {
    super(`${entries} entries failed`);
    this.name = 'PartlyFailed';
  }
}

export function exitCodeOf(error: unknown): number {
  return error instanceof FsBridgeError && usageCodes.has(error.code) ? 2 : 1;
}

let write = (text: string): void => {
  process.stderr.write(text);
};

/** Sends messages there from now on, and not to standard error. */
export function redirectMessages(to: (text: string) => void): void {
  write = to;
}

/**
 * Writes a message for a person: whole lines. Names and texts of a disk, of the kernel's log and of
 * other processes may be in it, so control characters are escaped.
 */
export function print(text: string): void {
  write(escapeLines(text));
}

/** Prints an error as two lines; with FSBRIDGE_DEBUG set its stack as well. */
export function report(error: unknown, what?: string): void {
  const { code, what: name, why, advice } = describeError(error, what);
  const first = escapeText(`${name}: ${why} (${code})`);
  print(`fsbridge: ${first}\n${advice}\n`);
  if (process.env['FSBRIDGE_DEBUG'] && error instanceof Error) {
    print(`${error.stack ?? ''}\n`);
    if (error.cause instanceof Error) print(`Cause: ${error.cause.stack ?? ''}\n`);
  }
}

export function warn(text: string): void {
  print(`fsbridge: warning: ${escapeText(text)}\n`);
}

/** The error of a call that answered a negative errno; `name` is the path it was for. */
export function callError(ret: number, name: Uint8Array | string): FsBridgeError {
  const what = typeof name === 'string' ? name : escapeName(name);
  return new FsBridgeError(errnoName(ret), what, errnoMeaning(ret));
}

/** Answers what the call answered, or throws its error. */
export function check<T>(ret: T | Errno, name: Uint8Array | string): T {
  if (isErrno(ret)) throw callError(ret, name);
  return ret;
}

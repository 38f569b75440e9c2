/**
 * errno as a type: the negative number with which the kernel answers a call that failed.
 *
 * A call that answers a count (bytes, a descriptor) is a `number`, negative when it failed, as in
 * C. A call that answers something else is `T | Errno`. The brand costs nothing at run time; it
 * keeps an errno apart from every other branded number, above all from an NTSTATUS.
 */
import type { errno } from './abi.gen.ts';

declare const errnoBrand: unique symbol;

/** A negative errno, such as -2 for ENOENT. Made by the kernel, or by `negative`. */
export type Errno = number & { readonly [errnoBrand]: true };

/** Whether a call failed. Takes both kinds of answer: a count, and an object or an errno. */
export function isErrno(answer: unknown): answer is Errno {
  return typeof answer === 'number' && answer < 0;
}

/** The answer of a call that fails: `negative(errno.ENOENT)`. */
export function negative(number: (typeof errno)[keyof typeof errno]): Errno {
  return -number as Errno;
}

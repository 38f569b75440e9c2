/** The errors of a copy, and which of them end it. */
import { FsBridgeError } from '../../errors.ts';
import { hostCode } from '../../host/host-error.ts';
import { Interrupted } from '../../host/interrupt.ts';
import { describeError, type ErrorDescription } from '../../observe/messages.ts';
import { KernelFailedError } from '../../vfs-linux/errors.ts';
import type { SourceReadError } from './copy-file-data.ts';

/** The error of a file that could be read in part. */
export function keptUpTo(error: SourceReadError, sizeBytes: number): unknown {
  const { cause, atBytes } = error;
  if (cause instanceof KernelFailedError || cause instanceof Interrupted) return cause;
  const { code, what, why, advice } = describeError(cause);
  const kept = `${why}; the ${atBytes} of ${sizeBytes} bytes before that place are kept`;
  return new FsBridgeError(code, what, kept, advice, { cause });
}

/** The error of an entry whose place is taken by what must not be replaced. */
export function inTheWay(path: string, code: string, is: string): FsBridgeError {
  const advice = 'Remove what is there, or copy to another place.';
  return new FsBridgeError(code, path, `what is there already ${is}`, advice);
}

/** Said of a file whose size or time differ when it has been copied. */
export const changedMeanwhile: ErrorDescription = {
  code: 'ERR_CHANGED',
  what: 'a file',
  why: 'it changed while it was copied, so the copy may mix its old and its new content',
  advice: 'Copy it again when no program writes to it.',
};

/** The error of an entry that the target cannot tell from one that this copy has made. */
export function sameName(path: string, other: string): FsBridgeError {
  const why = `the target takes this name and ${other} for one, so it is not copied`;
  const advice = 'Copy it to a target that tells such names apart, or alone under another name.';
  return new FsBridgeError('EEXIST', path, why, advice);
}

/** Errors after which every further entry would fail as well. */
export function isHopeless(error: unknown): boolean {
  if (error instanceof KernelFailedError || error instanceof Interrupted) return true;
  return ['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE'].includes(hostCode(error));
}

/** The same error with the entry's path in the place of its bare name. */
export function located(error: unknown, path: string): unknown {
  if (error instanceof KernelFailedError || error instanceof Interrupted) return error;
  const { code, why, advice } = describeError(error);
  // An error of Node's is one of the host, and the texts for these codes speak of the volume.
  if (!(error instanceof FsBridgeError) && ['ENOSPC', 'EDQUOT'].includes(code)) {
    const full = 'no space left where the copy goes to, on this computer';
    return new FsBridgeError(code, path, full, 'Make room there, or copy to another place.', {
      cause: error,
    });
  }
  return new FsBridgeError(code, path, why, advice, { cause: error });
}

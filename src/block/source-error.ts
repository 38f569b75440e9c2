/**
 * Errors of the host while a source is opened, in words for a person.
 *
 * Control plane only: once a source is open, errors are errno values (errno.ts).
 */
import { FsBridgeError } from '../errors.ts';
import { hostCode } from '../host/host-error.ts';

interface Words {
  readonly why: string;
  readonly advice: string;
}

const readOnlyAdvice = 'Open it for reading only, or make it writable first.';

function wordsFor(code: string, write: boolean): Words | undefined {
  switch (code) {
    case 'ENOENT':
      return { why: 'there is no such file', advice: 'Look for a typing mistake in the path.' };
    case 'ENOTDIR':
      return {
        why: 'a part of the path before the last is not a folder',
        advice: 'Look for a typing mistake in the path.',
      };
    case 'EISDIR':
      return {
        why: 'it is a folder, not a disk image',
        advice: 'Name the image file in it, or a disk of this computer.',
      };
    case 'EACCES':
    case 'EPERM':
      return {
        why: `you may not ${write ? 'write' : 'read'} it`,
        advice: write
          ? 'Open it for reading only, or ask its owner (of a disk: the administrator) for it.'
          : 'Ask its owner (for a disk: the administrator) for the right to read it.',
      };
    case 'EROFS':
      return {
        why: 'it lies on a file system or medium that cannot be written',
        advice: readOnlyAdvice,
      };
    case 'ETXTBSY':
      return { why: 'it is running as a program', advice: readOnlyAdvice };
    case 'EBUSY':
      return { why: 'something else uses it', advice: 'Close or unmount that, and try again.' };
    case 'EMFILE':
    case 'ENFILE':
      return { why: 'too many files are open', advice: 'Close some programs, and try again.' };
    case 'ENOMEDIUM':
    case 'ENXIO':
      return { why: 'there is no disk in the drive', advice: 'Put one in, and try again.' };
    default:
      return undefined;
  }
}

/** The FsBridgeError for a code of the host: ENOENT, EISDIR, EACCES, … */
export function hostRefusal(code: string, path: string, write: boolean): FsBridgeError {
  const words = wordsFor(code, write);
  return new FsBridgeError(code, path, words?.why ?? 'it cannot be opened', words?.advice);
}

/** The FsBridgeError for what a host's call on that source threw; the code stays the host's. */
export function sourceError(error: unknown, path: string, write: boolean): FsBridgeError {
  if (error instanceof FsBridgeError) return error;
  const code = hostCode(error);
  const words = wordsFor(code, write);
  if (words !== undefined) {
    return new FsBridgeError(code, path, words.why, words.advice, { cause: error });
  }
  const why = error instanceof Error ? error.message : String(error);
  return new FsBridgeError(code, path, `it cannot be opened: ${why}`, undefined, { cause: error });
}

/** Names and meanings of errno numbers, and the errors that are thrown for them. */
import { FsBridgeError } from '../errors.ts';
import { errno } from './abi.gen.ts';

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(errno).map(([name, number]) => [number, name]),
);

/** What each errno means, in the words of errno(3), for those that file systems give. */
const meanings: Readonly<Record<string, string>> = {
  EPERM: 'operation not permitted',
  ENOENT: 'no such file or directory',
  EIO: 'input/output error',
  ENXIO: 'no such device or address',
  EBADF: 'bad file descriptor',
  EAGAIN: 'resource temporarily unavailable',
  ENOMEM: 'the kernel is out of memory',
  EACCES: 'permission denied',
  ENOTBLK: 'a block device is required',
  EBUSY: 'device or resource busy',
  EEXIST: 'file already exists',
  EXDEV: 'cross-device link',
  ENODEV: 'this kernel has no such file system or device',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  EINVAL: 'invalid argument',
  ENFILE: 'too many open files',
  EMFILE: 'too many open files',
  ETXTBSY: 'text file busy',
  EFBIG: 'file too large',
  ENOSPC: 'no space left on the volume',
  EROFS: 'the volume is read-only',
  EMLINK: 'too many links',
  ERANGE: 'result too large',
  ENAMETOOLONG: 'name too long',
  ENOTEMPTY: 'directory not empty',
  ELOOP: 'too many levels of symbolic links',
  ENODATA: 'no such attribute',
  EOVERFLOW: 'value too large',
  EOPNOTSUPP: 'not supported by this file system',
  EUCLEAN: 'the file system is damaged',
  EBADMSG: 'a checksum does not match: the file system is damaged',
  EDQUOT: 'quota exceeded',
  ESTALE: 'stale file handle',
  ENOKEY: 'the encryption key is not there',
  EILSEQ: 'invalid byte sequence in a name',
};

/** "ENOENT" for 2 or -2. */
export function errnoName(number: number): string {
  return names.get(Math.abs(number)) ?? `E${Math.abs(number)}`;
}

export function errnoMeaning(number: number): string {
  const name = errnoName(number);
  return meanings[name] ?? name;
}

/** The error that Node's fs would throw: with code, errno, syscall, path and dest. */
export class SystemError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly path: string | undefined;
  readonly dest: string | undefined;

  constructor(number: number, syscall: string, path?: string, dest?: string) {
    // Node calls errno 95 by its other name.
    const code = errnoName(number).replace(/^EOPNOTSUPP$/, 'ENOTSUP');
    const where = path === undefined ? '' : ` '${path}'`;
    const to = dest === undefined ? '' : ` -> '${dest}'`;
    super(`${code}: ${errnoMeaning(number)}, ${syscall}${where}${to}`);
    this.name = 'SystemError';
    this.code = code;
    this.errno = -Math.abs(number);
    this.syscall = syscall;
    this.path = path;
    this.dest = dest;
  }
}

/**
 * The kernel is dead: nothing that it had open answers. `log` has the last lines that it printed.
 */
export class KernelFailedError extends FsBridgeError {
  readonly errno: number = -errno.EIO;
  readonly log: readonly string[];

  constructor(reason: unknown, log: readonly string[]) {
    const bug = log.findLast((line) => /BUG|Kernel panic|Oops/.test(line));
    const why = bug ?? (reason instanceof Error ? reason.message : String(reason));
    super(
      'ERR_KERNEL_FAILED',
      'the file-system kernel',
      why,
      'Open the source again: a new kernel replays its journal. If it fails again, check the disk.',
      { cause: reason },
    );
    this.log = log;
  }
}

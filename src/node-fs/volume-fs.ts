/**
 * A volume in the shape of node:fs/promises. A program that uses fs/promises can use this object
 * instead.
 *
 * The names, arguments, options, results, and the codes of errors are the same. The differences:
 * - Paths start at the volume's root, with or without a slash at the start, and no path leads out
 *   of it. There is no current directory. URLs are refused, because they name files of the host.
 * - A name that is not UTF-8 is given back as a string that leads to the same file again
 *   (escaped-names.ts), or as bytes with the encoding 'buffer'.
 * - Recursive operations do not follow symbolic links, have no limit in depth, and stay in the tree
 *   that they began in, whatever is renamed meanwhile.
 * - A FIFO is opened without waiting, and reading it is ESPIPE, because its other end is never
 *   open.
 * - The umask belongs to this object (`umask`), not to the process.
 * - `watch` throws ERR_FEATURE_UNAVAILABLE, and there is no `glob`.
 *
 * Flags and modes given as numbers are Linux's on every host: take them from `constants`.
 */
import { Buffer } from 'node:buffer';
import { FsBridgeError } from '../errors.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import { at, type LinuxCalls } from '../vfs-linux/calls.ts';
import { displayName } from '../vfs-linux/names.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { invalidValue, throwIfAborted } from './argument-errors.ts';
import {
  type EncodingOptions,
  type FsPath,
  type Mode,
  nameAs,
  nameEncodingOf,
  optionsOf,
  toInteger,
  toKernelPath,
  toMode,
  toOpenFlags,
} from './arguments.ts';
import { constants } from './constants.ts';
import { type Content, checkContent, readToEnd } from './content.ts';
import { FsContext, type Hold } from './context.ts';
import { copyFile } from './copy-file.ts';
import { type CpOptions, cp } from './cp.ts';
import { Dir, type OpendirOptions } from './dir.ts';
import type { Dirent } from './dirent.ts';
import { decodeName } from './escaped-names.ts';
import { FileHandle, type ReadFileOptions, type WriteFileOptions } from './file-handle.ts';
import { MetadataFs } from './metadata-fs.ts';
import { mkdirs, mkdtemp, realpath } from './paths.ts';
import { ReadStream, type ReadStreamOptions } from './read-stream.ts';
import { type ReaddirOptions, readdir } from './readdir.ts';
import { type RmOptions, rm } from './rm.ts';
import { WriteStream, type WriteStreamOptions } from './write-stream.ts';

const here = abi.AT_FDCWD;

type Flag = string | number;
type ReadPathOptions = ReadFileOptions & { readonly flag?: Flag | undefined };
type WritePathOptions = WriteFileOptions & {
  readonly flag?: Flag | undefined;
  readonly mode?: Mode | undefined;
};
type StringNames = BufferEncoding | null | (EncodingOptions & { encoding?: BufferEncoding | null });
type BufferNames = 'buffer' | { readonly encoding: 'buffer' };
type OneOf<T, B> = Omit<T, 'encoding'> & { readonly encoding?: B };

export interface RenameOptions {
  /** EEXIST instead of replacing what has the new name: RENAME_NOREPLACE. */
  readonly noReplace?: boolean | undefined;
  /** Swaps the two: RENAME_EXCHANGE. */
  readonly exchange?: boolean | undefined;
}

export interface MkdirOptions {
  readonly recursive?: boolean | undefined;
  /** 0o777 by default, without the bits of the umask. */
  readonly mode?: Mode | undefined;
}

export interface DisposableTempDir extends AsyncDisposable {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * A mounted volume in the shape of node:fs/promises. Files opened through it are closed before the
 * unmount. After the kernel's death every call throws ERR_KERNEL_FAILED.
 */
export function volumeFs(volume: Volume): VolumeFs {
  return new VolumeFs(
    volume.calls,
    (close) => volume.hold(close),
    () => volume.kernel.failure,
  );
}

export class VolumeFs extends MetadataFs {
  readonly constants: typeof constants = constants;
  readonly #make: (cred: number) => VolumeFs;

  /**
   * `calls` have the volume's root as "/"; `hold` registers what must be closed before the unmount;
   * `failure` answers why the kernel is dead, or undefined while it lives.
   */
  constructor(calls: LinuxCalls, hold: Hold, failure: () => Error | undefined) {
    super(new FsContext(calls, hold, failure));
    this.#make = (cred) => new VolumeFs(calls.as(cred), hold, failure);
  }

  /** The same volume under another identity (Kernel.identity); 0 is root. */
  as(cred: number): VolumeFs {
    return this.#make(cred);
  }

  async open(path: FsPath, flags?: Flag | null, mode?: Mode | null): Promise<FileHandle> {
    const name = toKernelPath(path);
    const bits = toOpenFlags(flags);
    const fd = await this.context.openAt(here, name, bits, toMode(mode, 0o666));
    return new FileHandle(this.context, this.context.check(fd, 'open', name), bits);
  }

  readFile(
    file: FsPath | FileHandle,
    options?: OneOf<ReadPathOptions, null | undefined> | null,
  ): Promise<Buffer>;
  readFile(
    file: FsPath | FileHandle,
    options: OneOf<ReadPathOptions, BufferEncoding> | BufferEncoding,
  ): Promise<string>;
  readFile(
    file: FsPath | FileHandle,
    options?: ReadPathOptions | BufferEncoding | null,
  ): Promise<string | Buffer>;
  async readFile(
    file: FsPath | FileHandle,
    options?: ReadPathOptions | BufferEncoding | null,
  ): Promise<string | Buffer> {
    if (file instanceof FileHandle) return file.readFile(options);
    const { encoding, flag, signal } = optionsOf<ReadPathOptions>(options);
    const name = toKernelPath(file);
    throwIfAborted(signal);
    const { context } = this;
    const content = await context.withOpen(here, name, toOpenFlags(flag), async (fd) => {
      context.check(fd, 'open', name);
      return context.found(await readToEnd(context.calls, fd, 0, signal), 'read', name);
    });
    return encoding ? content.toString(encoding) : content;
  }

  async writeFile(
    file: FsPath | FileHandle,
    data: Content,
    options?: WritePathOptions | BufferEncoding | null,
  ): Promise<void> {
    if (file instanceof FileHandle) return file.writeFile(data, options);
    const given = optionsOf<WritePathOptions>(options);
    checkContent(data);
    throwIfAborted(given.signal);
    await using handle = await this.open(file, given.flag ?? 'w', given.mode);
    await handle.writeFile(data, given);
  }

  appendFile(
    file: FsPath | FileHandle,
    data: Content,
    options?: WritePathOptions | BufferEncoding | null,
  ): Promise<void> {
    if (file instanceof FileHandle) return file.appendFile(data, options);
    const given = typeof options === 'string' ? { encoding: options } : options;
    return this.writeFile(file, data, { flag: 'a', ...given });
  }

  readdir(
    path: FsPath,
    options?:
      | (OneOf<ReaddirOptions, BufferEncoding | null> & { withFileTypes?: false })
      | BufferEncoding
      | null,
  ): Promise<string[]>;
  readdir(
    path: FsPath,
    options:
      | (OneOf<ReaddirOptions, 'buffer'> & { encoding: 'buffer'; withFileTypes?: false })
      | 'buffer',
  ): Promise<Buffer[]>;
  readdir(
    path: FsPath,
    options: OneOf<ReaddirOptions, BufferEncoding | null> & { withFileTypes: true },
  ): Promise<Dirent[]>;
  readdir(
    path: FsPath,
    options: OneOf<ReaddirOptions, 'buffer'> & { encoding: 'buffer'; withFileTypes: true },
  ): Promise<Dirent<Buffer>[]>;
  async readdir(
    path: FsPath,
    options?: ReaddirOptions | string | null,
  ): Promise<(string | Buffer)[] | Dirent<string | Buffer>[]> {
    const given = optionsOf<ReaddirOptions>(options as ReaddirOptions | string | null);
    return readdir(this.context, path, toKernelPath(path), given);
  }

  async opendir(path: FsPath, options: OpendirOptions = {}): Promise<Dir> {
    const { context } = this;
    const kernelPath = toKernelPath(path);
    const given = optionsOf<OpendirOptions>(options);
    const fd = await context.openAt(here, kernelPath, abi.O_RDONLY | abi.O_DIRECTORY);
    context.check(fd, 'opendir', kernelPath);
    return new Dir({ context, fd, path, kernelPath, options: given });
  }

  /** With `recursive` it answers the first directory that was made. */
  async mkdir(path: FsPath, options?: MkdirOptions | Mode | null): Promise<string | undefined> {
    const { context } = this;
    const given = typeof options === 'object' ? (options ?? {}) : { mode: options };
    const name = toKernelPath(path);
    const mode = toMode(given.mode, 0o777);
    if (given.recursive === true) {
      const first = await mkdirs(context, name, mode);
      return first === undefined ? undefined : decodeName(first);
    }
    const ret = await context.calls.mkdirat(here, name, mode & ~context.umask);
    context.check(ret, 'mkdir', name);
    return undefined;
  }

  mkdtemp(prefix: FsPath, options?: StringNames): Promise<string>;
  mkdtemp(prefix: FsPath, options: BufferNames): Promise<Buffer>;
  async mkdtemp(
    prefix: FsPath,
    options?: EncodingOptions | string | null,
  ): Promise<string | Buffer> {
    const made = await mkdtemp(this.context, toKernelPath(prefix, 'prefix'));
    return nameAs(made, nameEncodingOf(options));
  }

  async mkdtempDisposable(prefix: FsPath): Promise<DisposableTempDir> {
    const path = await this.mkdtemp(prefix);
    const remove = (): Promise<void> => this.rm(path, { recursive: true, force: true });
    return { path, remove, [Symbol.asyncDispose]: remove };
  }

  async rmdir(path: FsPath): Promise<void> {
    const name = toKernelPath(path);
    const ret = await this.context.calls.unlinkat(here, name, abi.AT_REMOVEDIR);
    this.context.check(ret, 'rmdir', name);
  }

  async rm(path: FsPath, options: RmOptions = {}): Promise<void> {
    await rm(this.context, toKernelPath(path), options);
  }

  async unlink(path: FsPath): Promise<void> {
    const name = toKernelPath(path);
    this.context.check(await this.context.calls.unlinkat(here, name), 'unlink', name);
  }

  async rename(oldPath: FsPath, newPath: FsPath, options: RenameOptions = {}): Promise<void> {
    const from = toKernelPath(oldPath, 'oldPath');
    const to = toKernelPath(newPath, 'newPath');
    const noReplace = options.noReplace === true ? abi.RENAME_NOREPLACE : 0;
    const flags = noReplace | (options.exchange === true ? abi.RENAME_EXCHANGE : 0);
    const ret = await this.context.calls.renameat2(at(here, from), at(here, to), flags);
    this.context.check(ret, 'rename', from, to);
  }

  async copyFile(source: FsPath, destination: FsPath, mode = 0): Promise<void> {
    const from = toKernelPath(source, 'src');
    const to = toKernelPath(destination, 'dest');
    toInteger(mode, 'mode', 0, 7);
    const ret = await copyFile(
      this.context,
      { dirfd: here, path: from, openFlags: 0 },
      { dirfd: here, path: to, openFlags: 0 },
      mode,
    );
    this.context.check(ret, 'copyfile', from, to);
  }

  async cp(source: FsPath, destination: FsPath, options: CpOptions = {}): Promise<void> {
    const from = decodeName(Buffer.from(toKernelPath(source, 'src')));
    const to = decodeName(Buffer.from(toKernelPath(destination, 'dest')));
    await cp(this.context, from, to, options);
  }

  async link(existingPath: FsPath, newPath: FsPath): Promise<void> {
    const from = toKernelPath(existingPath, 'existingPath');
    const to = toKernelPath(newPath, 'newPath');
    this.context.check(
      await this.context.calls.linkat(at(here, from), at(here, to)),
      'link',
      from,
      to,
    );
  }

  /** `type` has no effect: in Node it is for Windows. */
  async symlink(target: FsPath, path: FsPath, type?: string | null): Promise<void> {
    if (!['dir', 'file', 'junction', null, undefined].includes(type)) {
      throw invalidValue(
        'type',
        type,
        "must be one of: 'dir', 'file', 'junction', null, undefined",
      );
    }
    const text = toKernelPath(target, 'target');
    const name = toKernelPath(path);
    const ret = await this.context.calls.symlinkat(text, here, name);
    this.context.check(ret, 'symlink', text, name);
  }

  readlink(path: FsPath, options?: StringNames): Promise<string>;
  readlink(path: FsPath, options: BufferNames): Promise<Buffer>;
  async readlink(
    path: FsPath,
    options?: EncodingOptions | string | null,
  ): Promise<string | Buffer> {
    const name = toKernelPath(path);
    const encoding = nameEncodingOf(options);
    const text = await this.context.calls.readlinkat(here, name);
    return nameAs(this.context.found(text, 'readlink', name), encoding);
  }

  realpath(path: FsPath, options?: StringNames): Promise<string>;
  realpath(path: FsPath, options: BufferNames): Promise<Buffer>;
  async realpath(
    path: FsPath,
    options?: EncodingOptions | string | null,
  ): Promise<string | Buffer> {
    const encoding = nameEncodingOf(options);
    return nameAs(await realpath(this.context, toKernelPath(path)), encoding);
  }

  async truncate(path: FsPath, lengthBytes = 0): Promise<void> {
    await using handle = await this.open(path, 'r+');
    await handle.truncate(lengthBytes);
  }

  /** Like fs.createReadStream; reads one chunk of 1 MiB ahead. */
  createReadStream(
    path: FsPath,
    options?: (ReadStreamOptions & { flags?: Flag; mode?: Mode }) | BufferEncoding,
  ): ReadStream {
    const given = typeof options === 'string' ? { encoding: options } : (options ?? {});
    toKernelPath(path);
    const open = (): Promise<FileHandle> => this.open(path, given.flags ?? 'r', given.mode);
    return new ReadStream({ path, open }, { start: 0, ...given });
  }

  /** Like fs.createWriteStream. */
  createWriteStream(
    path: FsPath,
    options?: (WriteStreamOptions & { flags?: Flag; mode?: Mode }) | BufferEncoding,
  ): WriteStream {
    const given = typeof options === 'string' ? { encoding: options } : (options ?? {});
    toKernelPath(path);
    const open = (): Promise<FileHandle> => this.open(path, given.flags ?? 'w', given.mode);
    return new WriteStream({ path, open }, given);
  }

  /** Throws ERR_FEATURE_UNAVAILABLE: events of this kernel's inotify do not reach the host. */
  watch(path: FsPath): never {
    throw new FsBridgeError(
      'ERR_FEATURE_UNAVAILABLE',
      `watch ${displayName(path)}`,
      'changes on a volume cannot be watched',
      'Call stat when you need the current state.',
    );
  }
}

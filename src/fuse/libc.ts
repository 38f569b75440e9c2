/**
 * The host's system calls that Node does not have: mount(2), and reading and writing /dev/fuse
 * without a thread in between. They are loaded on Linux alone, and only for a mount.
 *
 * Invariant: each call returns what the system call returns, or a negative errno, and throws
 * nothing. Only the calls that say so may block, on a thread of their own.
 */
import type { Buffer } from 'node:buffer';
import { inBackground, loadFfi, type Native } from '../host/ffi.ts';
import { errno } from '../vfs-linux/abi.gen.ts';

/** Watches on the event loop whether a descriptor is readable. */
export interface Poll {
  /** Calls nothing until `resume`. */
  pause(): void;
  resume(): void;
  stop(): void;
}

/** The arguments of mount(2). */
export interface MountCall {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly flags: number;
  readonly data: string;
}

export interface Libc {
  /** read(2) into the buffer's first `bytes`. */
  read(fd: number, target: Buffer, bytes: number): number;
  /** write(2) of the buffer's first `bytes`. */
  write(fd: number, source: Buffer, bytes: number): number;
  /** writev(2) of the first `count` structures of 16 bytes in `vector`. */
  writev(fd: number, vector: Buffer, count: number): number;
  /** Where a buffer lies in this process's memory. It must not move; a wasm memory does not. */
  addressOf(buffer: Buffer): bigint;
  /** write(2) of the whole buffer, on a thread of its own, as it may block. */
  writeInBackground(fd: number, source: Buffer): Promise<number>;
  mount(what: MountCall): number;
  /**
   * umount2(2) on a thread of its own: an unmount may write through the daemon that asks for it.
   */
  umount2(target: string, flags: number): Promise<number>;
  prctl(option: number, argument: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  /** The two descriptors, of 32 bits each, go into `pair`. */
  socketpair(domain: number, type: number, pair: Buffer): number;
  /** recvmsg(2) with a struct msghdr whose pointers are addresses of buffers that do not move. */
  recvmsg(fd: number, message: Buffer, flags: number): number;
  /** Calls `onReady` on this thread whenever the descriptor is readable or has hung up. */
  poll(fd: number, onReady: () => void): Poll;
}

let loaded: Promise<Libc> | undefined;

async function load(): Promise<Libc> {
  const ffi = await loadFfi();
  const bind = ffi.open(null);
  const read = bind('read', 'int64', ['int', 'void *', 'size_t']);
  const write = bind('write', 'int64', ['int', 'void *', 'size_t']);
  const writev = bind('writev', 'int64', ['int', 'void *', 'int']);
  const mount = bind('mount', 'int', ['str', 'str', 'str', 'ulong', 'str']);
  const umount2 = bind('umount2', 'int', ['str', 'int']);
  const prctl = bind('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']);
  const fcntl = bind('fcntl', 'int', ['int', 'int', '...']);
  const socketpair = bind('socketpair', 'int', ['int', 'int', 'int', 'void *']);
  const recvmsg = bind('recvmsg', 'int64', ['int', 'void *', 'int']);
  const done = (answer: number): number => ffi.orErrno(answer);
  const elsewhere = (call: Native, ...args: readonly unknown[]): Promise<number> =>
    inBackground(call, args, done).catch(() => -errno.EIO);
  return {
    read: (fd, target, bytes) => done(read(fd, target, bytes)),
    write: (fd, source, bytes) => done(write(fd, source, bytes)),
    mount: ({ source, target, type, flags, data }) =>
      done(mount(source, target, type, flags, data)),
    writev: (fd, vector, count) => done(writev(fd, vector, count)),
    addressOf: (buffer) => ffi.addressOf(buffer),
    writeInBackground: (fd, source) => elsewhere(write, fd, source, source.length),
    umount2: (target, flags) => elsewhere(umount2, target, flags),
    prctl: (option, argument) => done(prctl(option, argument, 0, 0, 0)),
    fcntl: (fd, command, argument) => done(fcntl(fd, command, 'int', argument)),
    socketpair: (domain, type, pair) => done(socketpair(domain, type, 0, pair)),
    recvmsg: (fd, message, flags) => done(recvmsg(fd, message, flags)),
    poll: (fd, onReady) => {
      const wanted = { readable: true };
      const handle = ffi.koffi.node.poll(fd, wanted, () => onReady());
      return {
        pause: () => handle.stop(),
        resume: () => handle.start(wanted, () => onReady()),
        stop: () => handle.close(),
      };
    },
  };
}

/** Loads the calls, once for the process. */
export function libc(): Promise<Libc> {
  loaded ??= load();
  return loaded;
}

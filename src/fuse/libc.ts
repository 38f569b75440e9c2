/**
 * The host's system calls that Node does not have, through koffi: mount(2), and reading and writing
 * /dev/fuse without a thread in between. Loaded on Linux alone, when something is to be mounted.
 *
 * Invariant: each call answers what the system call answers, or a negative errno, and throws
 * nothing; none blocks but those that say so.
 */
import type { Buffer } from 'node:buffer';
import { errno } from '../vfs-linux/abi.gen.ts';

/** What tells that a descriptor has become readable, on the event loop. */
export interface Poll {
  /** Tells nothing until `resume`. */
  pause(): void;
  resume(): void;
  stop(): void;
}

export interface Libc {
  /** read(2) into the buffer's first `bytes`. */
  read(fd: number, target: Buffer, bytes: number): number;
  /** write(2) of the buffer's first `bytes`. */
  write(fd: number, source: Buffer, bytes: number): number;
  /** writev(2) of the first `count` structures of 16 bytes in `vector`. */
  writev(fd: number, vector: Buffer, count: number): number;
  /** Where a buffer lies in this process's memory: it must not move, as wasm's do not. */
  addressOf(buffer: Buffer): bigint;
  /** write(2) of the whole buffer, on a thread of its own: it may block. */
  writeInBackground(fd: number, source: Buffer): Promise<number>;
  mount(source: string, target: string, type: string, flags: number, data: string): number;
  /** On a thread of its own: an unmount may write through the very daemon that asks for it. */
  umount2(target: string, flags: number): Promise<number>;
  prctl(option: number, argument: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  /** The two descriptors, of 32 bits each, go into `pair`. */
  socketpair(domain: number, type: number, pair: Buffer): number;
  /** recvmsg(2) with a struct msghdr, whose pointers are addresses of buffers that stay. */
  recvmsg(fd: number, message: Buffer, flags: number): number;
  /** Calls `onReady` on this thread whenever the descriptor is readable or has hung up. */
  poll(fd: number, onReady: () => void): Poll;
}

type Int = (...args: readonly unknown[]) => number;
interface AsyncInt extends Int {
  async: (...args: readonly unknown[]) => void;
}

let loaded: Promise<Libc> | undefined;

async function load(): Promise<Libc> {
  const { default: koffi } = await import('koffi');
  const lib = koffi.load(null);
  const read = lib.func('read', 'int64', ['int', 'void *', 'size_t']) as Int;
  const write = lib.func('write', 'int64', ['int', 'void *', 'size_t']) as AsyncInt;
  const writev = lib.func('writev', 'int64', ['int', 'void *', 'int']) as Int;
  const mount = lib.func('mount', 'int', ['str', 'str', 'str', 'ulong', 'str']) as Int;
  const umount2 = lib.func('umount2', 'int', ['str', 'int']) as AsyncInt;
  const prctl = lib.func('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']) as Int;
  const fcntl = lib.func('fcntl', 'int', ['int', 'int', '...']) as Int;
  const socketpair = lib.func('socketpair', 'int', ['int', 'int', 'int', 'void *']) as Int;
  const recvmsg = lib.func('recvmsg', 'int64', ['int', 'void *', 'int']) as Int;
  const done = (answer: number): number => (answer < 0 ? -koffi.errno() : answer);
  const inBackground = (call: AsyncInt, ...args: readonly unknown[]): Promise<number> =>
    new Promise((resolve) => {
      call.async(...args, (error: unknown, answer: number) =>
        resolve(error ? -errno.EIO : done(answer)),
      );
    });
  return {
    read: (fd, target, bytes) => done(read(fd, target, bytes)),
    write: (fd, source, bytes) => done(write(fd, source, bytes)),
    mount: (source, target, type, flags, data) => done(mount(source, target, type, flags, data)),
    writev: (fd, vector, count) => done(writev(fd, vector, count)),
    addressOf: (buffer) => koffi.address(buffer),
    writeInBackground: (fd, source) => inBackground(write, fd, source, source.length),
    umount2: (target, flags) => inBackground(umount2, target, flags),
    prctl: (option, argument) => done(prctl(option, argument, 0, 0, 0)),
    fcntl: (fd, command, argument) => done(fcntl(fd, command, 'int', argument)),
    socketpair: (domain, type, pair) => done(socketpair(domain, type, 0, pair)),
    recvmsg: (fd, message, flags) => done(recvmsg(fd, message, flags)),
    poll: (fd, onReady) => {
      const wanted = { readable: true };
      const handle = koffi.node.poll(fd, wanted, () => onReady());
      return {
        pause: () => handle.stop(),
        resume: () => handle.start(wanted, () => onReady()),
        stop: () => handle.close(),
      };
    },
  };
}

/** The calls; one binding serves the process. */
export function libc(): Promise<Libc> {
  loaded ??= load();
  return loaded;
}

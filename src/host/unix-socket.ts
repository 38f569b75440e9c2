/**
 * Connects to a Unix socket, and asks the kernel who listens there: SO_PEERCRED of unix(7) is the
 * process that called listen(2), and nothing that it sends can change that. Node connects as well,
 * but does not give the descriptor that getsockopt(2) needs.
 */
import fs from 'node:fs';
import { endianness } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { type Ffi, loadFfiSync, type Native } from './ffi.ts';

export interface SocketPeer {
  /** 0 where the process is not visible from here. */
  readonly pid: number;
  readonly uid: number;
}

export interface UnixConnection {
  /** Connected and non-blocking; for `new net.Socket({ fd })`, which closes it. */
  readonly fd: number;
  readonly peer: SocketPeer;
}

// <bits/socket.h> and asm-generic/socket.h. Where a processor has other numbers, the calls fail,
// and nothing is believed.
const afUnix = 1;
const sockStream = 1;
const sockNonblockCloexec = 0o2004000;
const solSocket = 1;
const soPeercred = 17;
/** struct ucred: pid, uid, gid, of 32 bits each. */
const ucredBytes = 12;
/** struct sockaddr_un: the family in 16 bits, and a path of 108 bytes with its NUL. */
const maxPathBytes = 107;

interface SocketCalls {
  readonly ffi: Ffi;
  readonly socket: Native;
  readonly connect: Native;
  readonly getsockopt: Native;
}

let loaded: SocketCalls | undefined;

function socketCalls(): SocketCalls {
  if (loaded !== undefined) return loaded;
  const ffi = loadFfiSync();
  const bind = ffi.open(null);
  loaded = {
    ffi,
    socket: bind('socket', 'int', ['int', 'int', 'int']),
    connect: bind('connect', 'int', ['int', 'void *', 'uint32']),
    getsockopt: bind('getsockopt', 'int', ['int', 'int', 'int', 'void *', 'void *']),
  };
  return loaded;
}

/** Throws an error with the host's code: ENOENT, ECONNREFUSED, EACCES, EAGAIN (its queue is full). */
export function connectUnix(path: string): UnixConnection {
  const { ffi, socket, connect } = socketCalls();
  const address = addressOf(path);
  const fd = check(ffi.orErrno(socket(afUnix, sockStream | sockNonblockCloexec, 0)), path);
  try {
    check(ffi.orErrno(connect(fd, address, address.length)), path);
    return { fd, peer: peerOf(fd, path) };
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

function addressOf(path: string): Buffer {
  const name = Buffer.from(path);
  if (name.length > maxPathBytes) throw hostError('ENAMETOOLONG', path);
  const address = Buffer.alloc(2 + name.length + 1);
  writeInt(address, afUnix);
  name.copy(address, 2);
  return address;
}

function writeInt(target: Buffer, value: number): void {
  if (endianness() === 'LE') target.writeUInt16LE(value);
  else target.writeUInt16BE(value);
}

function peerOf(fd: number, path: string): SocketPeer {
  const { ffi, getsockopt } = socketCalls();
  const credentials = new Uint32Array(ucredBytes / 4);
  const length = Uint32Array.of(ucredBytes);
  check(ffi.orErrno(getsockopt(fd, solSocket, soPeercred, credentials, length)), path);
  const [pid, uid] = credentials;
  if (length[0] !== ucredBytes || pid === undefined || uid === undefined)
    throw hostError('EPROTO', path);
  return { pid, uid };
}

function check(answer: number, path: string): number {
  if (answer >= 0) return answer;
  throw hostError(getSystemErrorName(answer), path);
}

function hostError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code, path });
}

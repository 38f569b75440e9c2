/**
 * Mounting as a user other than root: fusermount3, which is set-user-ID root, mounts and sends the
 * device through a socket (SCM_RIGHTS of unix(7)). It finds the socket's number in _FUSE_COMMFD.
 */
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { FsBridgeError } from '../errors.ts';
import { errno } from '../vfs-linux/abi.gen.ts';
import { errnoMeaning, errnoName } from '../vfs-linux/errors.ts';
import type { Libc } from './libc.ts';
import { fusermount, noFusermount } from './requirements.ts';

/** The descriptor where the program finds the socket. */
const socketFd = 3;
const afUnix = 1;
const sockStream = 1;
const sockCloexec = 0o2000000;
const msgCmsgCloexec = 0x40000000;
const solSocket = 1;
const scmRights = 1;
const fSetfl = 4;

/** struct msghdr, struct iovec and struct cmsghdr of 64-bit Linux. */
const msghdr = { size: 56, iov: 16, iovlen: 24, control: 32, controllen: 40 } as const;
const cmsghdr = { level: 8, type: 12, data: 16, size: 24 } as const;

function runProgram(args: readonly string[], socket?: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(fusermount, args, {
      stdio: ['ignore', 'ignore', 'pipe', socket ?? 'ignore'],
      env: { ...process.env, _FUSE_COMMFD: String(socketFd) },
    });
    let output = '';
    child.stderr?.on('data', (data: Buffer) => {
      output += data.toString();
    });
    child.on('error', () => reject(noFusermount()));
    child.on('close', (code) => {
      const why = output.trim().replace(/^fusermount3: */, '') || `it ended with ${code}`;
      const busy = /busy/i.test(why);
      if (code === 0) resolve();
      else
        reject(new FsBridgeError(busy ? 'EBUSY' : 'ERR_FUSERMOUNT', fusermount, why, hintFor(why)));
    });
  });
}

/** Advice on those of fusermount3's refusals that a user can mend. */
function hintFor(why: string): string | undefined {
  if (!/\/dev\/fuse: Permission denied/.test(why)) return undefined;
  return 'Let users open it, as most systems do: chmod 666 /dev/fuse as root; or mount as root.';
}

/** Receives a descriptor through a socket; a negative errno where none came. */
function receiveDescriptor(libc: Libc, socket: number): number {
  const byte = Buffer.alloc(8);
  const iovec = Buffer.alloc(16);
  iovec.writeBigUInt64LE(libc.addressOf(byte), 0);
  iovec.writeBigUInt64LE(1n, 8);
  const control = Buffer.alloc(cmsghdr.size);
  const message = Buffer.alloc(msghdr.size);
  message.writeBigUInt64LE(libc.addressOf(iovec), msghdr.iov);
  message.writeBigUInt64LE(1n, msghdr.iovlen);
  message.writeBigUInt64LE(libc.addressOf(control), msghdr.control);
  message.writeBigUInt64LE(BigInt(cmsghdr.size), msghdr.controllen);
  const ret = libc.recvmsg(socket, message, msgCmsgCloexec);
  if (ret < 0) return ret;
  const isRights =
    control.readInt32LE(cmsghdr.level) === solSocket &&
    control.readInt32LE(cmsghdr.type) === scmRights;
  return isRights ? control.readInt32LE(cmsghdr.data) : -errno.EPROTO;
}

/**
 * Mounts with mount(8)'s options. Returns the device, which does not block. Throws FsBridgeError:
 * ERR_NO_FUSERMOUNT, ERR_FUSERMOUNT with the program's message.
 */
export async function mountAsUser(
  libc: Libc,
  mountPoint: string,
  options: readonly string[],
): Promise<number> {
  const pair = Buffer.alloc(8);
  const made = libc.socketpair(afUnix, sockStream | sockCloexec, pair);
  if (made < 0) throw new FsBridgeError(errnoName(made), 'socketpair', errnoMeaning(made));
  const [ours, theirs] = [pair.readInt32LE(0), pair.readInt32LE(4)];
  try {
    await runProgram(['-o', options.join(','), '--', mountPoint], theirs);
    const fd = receiveDescriptor(libc, ours);
    if (fd < 0) throw new FsBridgeError(errnoName(fd), fusermount, 'it sent no descriptor');
    libc.fcntl(fd, fSetfl, fs.constants.O_NONBLOCK);
    return fd;
  } finally {
    fs.closeSync(ours);
    fs.closeSync(theirs);
  }
}

/** Unmounts. Throws FsBridgeError: EBUSY, ERR_FUSERMOUNT. */
export function unmountAsUser(mountPoint: string, lazy: boolean): Promise<void> {
  return runProgram(['-u', ...(lazy ? ['-z'] : []), '--', mountPoint]);
}

/**
 * Where the control channels of running mounts are found: a socket for each in the runtime folder, or
 * on Windows a named pipe. Its name holds the number of the mount's process.
 *
 * A socket file outlives a process that was killed; who finds nobody behind it removes it. Root sees
 * the mounts of all users who have a runtime folder, others see their own.
 */
import fs from 'node:fs';
import path from 'node:path';
import { makePrivateFolder, runtimeFolder } from '../mount/folders.ts';

export interface ControlAddress {
  readonly pid: number;
  /** For net.connect. */
  readonly address: string;
}

const pipes = '\\\\.\\pipe\\';
const pipePrefix = 'fsbridge-mount-';
const socketName = /^mount-(\d+)\.sock$/;

/** The address of this process's own channel; the folder for it is made. */
export function ownAddress(platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return `${pipes}${pipePrefix}${process.pid}`;
  const folder = runtimeFolder();
  makePrivateFolder(folder);
  return path.join(folder, `mount-${process.pid}.sock`);
}

/** All channels that seem to be there; behind some of them there may be nobody any more. */
export function findAddresses(platform: NodeJS.Platform = process.platform): ControlAddress[] {
  if (platform === 'win32') {
    return namesIn(pipes).flatMap((name) =>
      name.startsWith(pipePrefix)
        ? [{ pid: Number(name.slice(pipePrefix.length)), address: pipes + name }]
        : [],
    );
  }
  return socketFolders().flatMap((folder) =>
    namesIn(folder).flatMap((name) => {
      const pid = socketName.exec(name)?.[1];
      return pid === undefined ? [] : [{ pid: Number(pid), address: path.join(folder, name) }];
    }),
  );
}

function socketFolders(): string[] {
  const own = runtimeFolder();
  if (process.getuid?.() !== 0) return [own];
  const users = '/run/user';
  const others = namesIn(users).map((user) => path.join(users, user, path.basename(own)));
  return [...new Set([own, ...others])];
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** Takes away what a killed process has left. */
export function removeStale(address: string): void {
  if (address.startsWith(pipes)) return;
  fs.rmSync(address, { force: true });
}

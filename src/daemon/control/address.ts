/**
 * The addresses of the control channels of running mounts. Each mount has a socket in the runtime
 * folder, whose name holds the number of its process. On Windows it has a named pipe, and an empty
 * file with the socket's name in that folder.
 *
 * The file outlives a process that was killed; a command that finds no process behind it removes
 * it. Root finds the mounts of all users who have a runtime folder, other users find their own.
 */
import fs from 'node:fs';
import path from 'node:path';
import { makePrivateFolder, runtimeFolder } from '../../host/folders.ts';

export interface ControlAddress {
  readonly pid: number;
  /** For net.connect. */
  readonly address: string;
  /** The file by which it is found: the socket itself, or the empty file for the pipe. */
  readonly file: string;
}

const fileName = /^mount-(\d+)\.sock$/;

function addressIn(folder: string, pid: number, platform: NodeJS.Platform): ControlAddress {
  const file = path.join(folder, `mount-${pid}.sock`);
  return { pid, file, address: platform === 'win32' ? `\\\\.\\pipe\\fsbridge-mount-${pid}` : file };
}

/** The address of this process's own channel; makes the folder. */
export function ownAddress(platform: NodeJS.Platform = process.platform): ControlAddress {
  const folder = runtimeFolder();
  makePrivateFolder(folder);
  return addressIn(folder, process.pid, platform);
}

/** All channels that have a file; the processes of some may have ended. */
export function findAddresses(platform: NodeJS.Platform = process.platform): ControlAddress[] {
  return socketFolders().flatMap((folder) =>
    namesIn(folder).flatMap((name) => {
      const pid = fileName.exec(name)?.[1];
      return pid === undefined ? [] : [addressIn(folder, Number(pid), platform)];
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

/** Lets other processes find this process's channel, which listens already. */
export function announce({ address, file }: ControlAddress): void {
  if (address === file) fs.chmodSync(file, 0o600);
  else fs.writeFileSync(file, '');
}

/** Removes the file of a process that has ended, or is about to. */
export function withdraw({ file }: ControlAddress): void {
  fs.rmSync(file, { force: true });
}

/**
 * The addresses of the control channels of running mounts. Each mount has a socket in the runtime
 * folder, whose name holds the number of its process. On Windows it has a named pipe, and an empty
 * file with the socket's name in that folder.
 *
 * The file outlives a process that was killed; a command that finds no process behind it removes
 * it. Each user finds the mounts of their own. Root also sees those of all users who have a runtime
 * folder.
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

const usersFolder = '/run/user';
/** How many channels of another user are looked at. */
const maxForeign = 32;
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

/** The channels of this user that have a file; the processes of some may have ended. */
export function findAddresses(platform: NodeJS.Platform = process.platform): ControlAddress[] {
  return addressesIn(runtimeFolder(), platform);
}

/**
 * For root: the channels in other users' folders. What lies there is those users' word: it is
 * shown, and nothing else is done with it. A folder has many only if somebody means harm.
 */
export function findForeignAddresses(): ControlAddress[] {
  if (process.getuid?.() !== 0) return [];
  const own = runtimeFolder();
  return namesIn(usersFolder)
    .map((user) => path.join(usersFolder, user, path.basename(own)))
    .filter((folder) => folder !== own && isFolder(folder))
    .flatMap((folder) => addressesIn(folder, process.platform).slice(0, maxForeign));
}

function addressesIn(folder: string, platform: NodeJS.Platform): ControlAddress[] {
  return namesIn(folder).flatMap((name) => {
    const pid = fileName.exec(name)?.[1];
    return pid === undefined ? [] : [addressIn(folder, Number(pid), platform)];
  });
}

/** A link there would lead to the sockets of other programs. */
function isFolder(folder: string): boolean {
  return fs.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
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

/**
 * Where the control channels of running mounts are found: a socket for each in the runtime folder.
 * Its name holds the number of the mount's process. On Windows it is a named pipe, and a file of
 * that name in the folder says that there is one.
 *
 * A file outlives a process that was killed; who finds nobody behind it removes it. Root sees the
 * mounts of all users who have a runtime folder, others see their own.
 */
import fs from 'node:fs';
import path from 'node:path';
import { makePrivateFolder, runtimeFolder } from '../../host/folders.ts';

export interface ControlAddress {
  readonly pid: number;
  /** For net.connect. */
  readonly address: string;
  /** What tells of it: the socket itself, or a file beside the pipe. */
  readonly file: string;
}

const fileName = /^mount-(\d+)\.sock$/;

function addressIn(folder: string, pid: number, platform: NodeJS.Platform): ControlAddress {
  const file = path.join(folder, `mount-${pid}.sock`);
  return { pid, file, address: platform === 'win32' ? `\\\\.\\pipe\\fsbridge-mount-${pid}` : file };
}

/** The address of this process's own channel; the folder for it is made. */
export function ownAddress(platform: NodeJS.Platform = process.platform): ControlAddress {
  const folder = runtimeFolder();
  makePrivateFolder(folder);
  return addressIn(folder, process.pid, platform);
}

/** All channels that seem to be there; behind some of them there may be nobody any more. */
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

/** Makes others find this process's channel, which listens already. */
export function announce({ address, file }: ControlAddress): void {
  if (address === file) fs.chmodSync(file, 0o600);
  else fs.writeFileSync(file, '');
}

/** Takes away what a killed process has left, or one that ends. */
export function withdraw({ file }: ControlAddress): void {
  fs.rmSync(file, { force: true });
}

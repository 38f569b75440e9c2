/** Finds the programs that use a mount of this Linux, to name them when an unmount is refused. */
import fs from 'node:fs';
import path from 'node:path';

export interface MountUser {
  readonly pid: number;
  readonly name: string;
}

/**
 * The processes that have their working directory, their program, or an open file below that
 * folder, as far as /proc shows them: root sees all processes, other users their own. Only links
 * are read, so the mount itself is not touched.
 */
export function findMountUsers(target: string): MountUser[] {
  return namesIn('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || !uses(`/proc/${name}`, target)) return [];
    return [{ pid, name: commandOf(pid) }];
  });
}

/** "bash (123), vim (124) and 3 more"; empty without users. */
export function describeMountUsers(users: readonly MountUser[]): string {
  const shown = users.slice(0, 5).map(({ pid, name }) => `${name} (${pid})`);
  const more = users.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function uses(folder: string, target: string): boolean {
  const links = ['cwd', 'root', 'exe', ...namesIn(`${folder}/fd`).map((fd) => `fd/${fd}`)];
  return links.some((link) => {
    const to = linkOf(`${folder}/${link}`);
    return to === target || to.startsWith(`${target}/`);
  });
}

function linkOf(file: string): string {
  try {
    return fs.readlinkSync(file);
  } catch {
    return '';
  }
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

function commandOf(pid: number): string {
  try {
    return path.basename(fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
  } catch {
    return 'a process';
  }
}

/** The host's page cache, and the right to empty it. */
import fs from 'node:fs';
import { run } from './cleanup.ts';

const dropCachesFile = '/proc/sys/vm/drop_caches';

/** Whether this process may try to mount. */
export function isRoot(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}

/** Whether caches can be emptied: in a container root may not. */
export function canDropCaches(): boolean {
  if (!isRoot()) return false;
  try {
    fs.accessSync(dropCachesFile, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Writes out everything, then forgets pages, names and inodes (proc(5), drop_caches). */
export function dropHostCaches(): void {
  run('sync');
  fs.writeFileSync(dropCachesFile, '3');
}

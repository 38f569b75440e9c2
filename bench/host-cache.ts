/** The host's page cache, and the right to empty it. */
import fs from 'node:fs';
import { run } from './cleanup.ts';

/** Whether this process may mount and empty caches: root on Linux. */
export function isRoot(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}

/** Writes out everything, then forgets pages, names and inodes (proc(5), drop_caches). */
export function dropHostCaches(): void {
  run('sync');
  fs.writeFileSync('/proc/sys/vm/drop_caches', '3');
}

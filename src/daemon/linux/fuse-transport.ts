/** FUSE for the command line: what its options mean there. */
import { FsBridgeError } from '../../errors.ts';
import { mountFuse } from '../../fuse/mount.ts';
import type { Transport } from '../transport.ts';
import { prepareFuseTarget } from './fuse-target.ts';

interface HostFlags {
  dev: boolean;
  suid: boolean;
  exec: boolean;
  /** The host gathers what is written, and hands it over later. */
  writeback?: boolean;
}

/** What mount(8) takes for any file system, and what a disk that may be a stranger's gets. */
const flagDefaults: HostFlags = { dev: false, suid: false, exec: true };
/** Times and syncing are the matter of the file system inside. */
const flagsOfOthers: ReadonlySet<string> = new Set([
  ...['sync', 'async', 'dirsync', 'nosymfollow'],
  ...['atime', 'noatime', 'diratime', 'nodiratime', 'relatime', 'norelatime'],
  ...['strictatime', 'nostrictatime'],
]);

/** "nosuid,noexec". Throws ERR_USAGE for what is no flag of a mount. */
export function parseHostFlags(text: string): HostFlags {
  const flags = { ...flagDefaults };
  for (const one of text.split(',').filter(Boolean)) {
    const [, no, name] = /^(no)?(dev|suid|exec|writeback)$/.exec(one) ?? [];
    if (name !== undefined) {
      flags[name as keyof HostFlags] = no === undefined;
    } else if (!flagsOfOthers.has(one)) {
      throw new FsBridgeError(
        'ERR_USAGE',
        '--host-options',
        `"${one}" is no flag of a mount`,
        'Those are dev, suid, exec, writeback, and each with "no" before; others go to --options.',
      );
    }
  }
  return flags;
}

export const fuseTransport: Transport = {
  name: 'fuse',
  ignores: ['network', 'label', 'permissions', 'case', 'uidMap'],
  prepareTarget: async (target) => prepareFuseTarget(target),
  async mount(volume, { source, target, options, log }) {
    const { allowOther, hostOptions } = options;
    const mount = await mountFuse(volume, target, {
      source,
      ...(allowOther === undefined ? {} : { allowOther }),
      ...parseHostFlags(hostOptions ?? ''),
      onLog: (line) => log.write('warn', line),
    });
    return {
      mountPoint: mount.mountPoint,
      ended: mount.ended,
      statistics: () => ({ operations: mount.statistics() }),
      async unmount({ lazy, force }) {
        const hasEnded = await mount.unmount({ lazy: lazy === true || force === true });
        // The end of the process is the end for those who still use it.
        if (force === true) return 'forced';
        return hasEnded ? 'ended' : 'ending';
      },
    };
  },
};

/** Flags of a mount that concern this Linux, not the file system inside. */
import { FsBridgeError } from '../../errors.ts';
import { splitOptions } from '../../split-options.ts';

export interface HostFlags {
  dev: boolean;
  suid: boolean;
  exec: boolean;
  /** The host gathers written data, and hands it over later. */
  writeback?: boolean;
}

/** mount(8)'s defaults without dev and suid, because the disk may be a stranger's. */
const defaults: HostFlags = { dev: false, suid: false, exec: true };

/** Flags that mount(8)'s callers give, and that go to --host-options. */
const hostFlagPattern: RegExp = new RegExp(
  [
    '^(?:(?:no)?(?:suid|dev|exec|writeback)|sync|async|dirsync|nosymfollow',
    '|diratime|norelatime|nostrictatime)$',
  ].join(''),
);

/** Flags that are accepted without effect: the file system inside cares for times and syncing. */
const ignoredFlags: ReadonlySet<string> = new Set([
  ...['sync', 'async', 'dirsync', 'nosymfollow'],
  ...['atime', 'noatime', 'diratime', 'nodiratime', 'relatime', 'norelatime'],
  ...['strictatime', 'nostrictatime'],
]);

/** Whether an option is a flag of this Linux's, as opposed to one for the file system inside. */
export function isHostFlag(option: string): boolean {
  return hostFlagPattern.test(option);
}

/** "nosuid,noexec". Throws ERR_USAGE for an option that is no flag of a mount. */
export function parseHostFlags(text: string): HostFlags {
  const flags = { ...defaults };
  for (const option of splitOptions(text)) {
    const [, no, name] = /^(no)?(dev|suid|exec|writeback)$/.exec(option) ?? [];
    if (name !== undefined) {
      flags[name as keyof HostFlags] = no === undefined;
    } else if (!ignoredFlags.has(option)) {
      throw new FsBridgeError(
        'ERR_USAGE',
        '--host-options',
        `"${option}" is no flag of a mount`,
        'The flags are dev, suid, exec, writeback, and each with "no" before it; other options ' +
          'go to --options.',
      );
    }
  }
  return flags;
}

/** The flags of a mount after a remount: each named flag replaces its opposite. */
export function changedFlags(had: string, named: readonly string[]): string[] {
  const flags = new Map<string, string>();
  for (const flag of [...splitOptions(had), ...named]) {
    const subject = flag === 'ro' || flag === 'rw' ? 'rw' : flag.replace(/^no/, '');
    flags.set(subject, flag);
  }
  return [...flags.values()];
}

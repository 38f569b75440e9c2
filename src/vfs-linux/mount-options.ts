/**
 * mount(8)'s option strings, taken apart into mount(2)'s flags and the file system's own options.
 */
import { splitOptions, unquoteOption } from '../split-options.ts';
import { abi } from './abi.gen.ts';

const flagOptions: Readonly<Record<string, number>> = {
  ro: abi.MS_RDONLY,
  nosuid: abi.MS_NOSUID,
  nodev: abi.MS_NODEV,
  noexec: abi.MS_NOEXEC,
  sync: abi.MS_SYNCHRONOUS,
  noatime: abi.MS_NOATIME,
  nodiratime: abi.MS_NODIRATIME,
  relatime: abi.MS_RELATIME,
  strictatime: abi.MS_STRICTATIME,
  lazytime: abi.MS_LAZYTIME,
};
const clearingOptions: Readonly<Record<string, number>> = {
  rw: abi.MS_RDONLY,
  suid: abi.MS_NOSUID,
  dev: abi.MS_NODEV,
  exec: abi.MS_NOEXEC,
  async: abi.MS_SYNCHRONOUS,
  atime: abi.MS_NOATIME | abi.MS_STRICTATIME,
  // mount(2) takes one of these three: the last one in the list of options.
  relatime: abi.MS_NOATIME | abi.MS_STRICTATIME,
  strictatime: abi.MS_NOATIME | abi.MS_RELATIME,
  noatime: abi.MS_RELATIME | abi.MS_STRICTATIME,
};

export interface MountOptions {
  readonly flags: number;
  /** What is left for the file system itself. */
  readonly data: string;
}

/** "noatime,data=journal" in addition to the flags given; a later option wins. */
export function parseMountOptions(options: string, flags: number): MountOptions {
  const own: string[] = [];
  for (const option of splitOptions(options)) {
    if (option === 'defaults') continue;
    const set = flagOptions[option];
    const clear = clearingOptions[option];
    flags = (flags & ~(clear ?? 0)) | (set ?? 0);
    if (set === undefined && clear === undefined) own.push(option);
  }
  return { flags: flags >>> 0, data: own.join(',') };
}

/**
 * The options' names, without their values: "rw" for "rw=1", which Linux reads as "rw"
 * (fs/fs_context.c, vfs_parse_sb_flag). Linux splits at every comma (generic_parse_monolithic), and
 * so also inside quotes, where mount(8) does not.
 */
export function keysOfOptions(options: string): string[] {
  return options.split(',').map((option) => unquoteOption(option).replace(/=.*$/s, '').trim());
}

/** Options that choose the charset of names: what one of them says, another does not repeat. */
const charsetOptions: ReadonlySet<string> = new Set(['utf8', 'iocharset', 'uni_xlate']);

/**
 * The file system's own options, with those that make its names UTF-8 (file-system-traits.ts) in
 * front. One of these is left out where the options already choose what it chooses.
 */
export function withUtf8Names(data: string, utf8Options: readonly string[]): string {
  const chosen = new Set(keysOfOptions(data).map(choiceOf));
  const added = utf8Options.filter((option) => !chosen.has(choiceOf(option.replace(/=.*$/, ''))));
  return [...added, ...(data === '' ? [] : [data])].join(',');
}

const choiceOf = (key: string): string => (charsetOptions.has(key) ? 'iocharset' : key);

/**
 * Translates the arguments with which mount(8), umount(8) and mount.fuse(8) call us into a command
 * line of fsbridge.
 *
 *     /sbin/mount.fuse.fsbridge SOURCE DIR [-sfnv] [-o OPTIONS] [-N NS] [-t TYPE]   mount(8)
 *     fsbridge SOURCE DIR -o OPTIONS                     mount.fuse(8), without the program above
 *     /sbin/umount.fuse.fsbridge DIR [-flnrv] [-N NS] [-t TYPE]                     umount(8)
 *
 * mount(8) puts "rw" before all options that lack "ro" (libmount 2.38, context_mount.c), so that
 * "rw" alone must not let a disk be written. The disk is written if
 *   - "write" is among the options, or
 *   - the command line of the mount(8) that called us asks for rw (-o rw, -w, --rw), or
 *   - /etc/fstab's line for the directory has rw, and that command line has no options.
 * Otherwise the volume is mounted for reading, and a warning says how to write. mount(8) does not
 * pass on dev, suid and exec either, because they are its defaults. They are not fsbridge's, so
 * they are looked for in the same places (calling-mount.ts).
 */
import { FsBridgeError } from '../../errors.ts';
import { print } from '../../observe/messages.ts';
import { splitOptions, unquoteOption } from '../../split-options.ts';
import { optionsGivenToMount } from './calling-mount.ts';
import { isHostFlag } from './host-flags.ts';

/** Options for mount(8), systemd and other readers of fstab. */
const foreignOptions: RegExp = new RegExp(
  [
    '^(?:auto|noauto|fail|nofail|_netdev|_rnetdev|users?|nouser|owner|group|defaults',
    '|(?:comment|fsname|fstype|subtype)=.*|loop(?:=.*)?|[xX]-.*)$',
  ].join(''),
);
/** Options of `fsbridge mount` with a value, and without. */
const valued: ReadonlySet<string> = new Set([
  ...['volume', 'type', 'device', 'memory', 'log', 'trace'],
  ...['label', 'permissions', 'case', 'uid-map'],
]);
const flagged: ReadonlySet<string> = new Set(['verbose', 'network', 'foreground']);

/** A helper's arguments. */
export interface HelperArguments {
  /** SOURCE and DIR, or DIR. */
  readonly places: readonly string[];
  readonly options: readonly string[];
  /** Letters without a value. */
  readonly letters: ReadonlySet<string>;
}

/** Splits a helper's arguments. The letters with a value are -o, -N and -t. */
export function parseHelperArguments(argv: readonly string[]): HelperArguments {
  const places: string[] = [];
  const options: string[] = [];
  const letters = new Set<string>();
  for (let i = 0; i < argv.length; i++) {
    const one = argv[i] as string;
    if (!one.startsWith('-') || one === '-') {
      places.push(one);
    } else if (/^-[oNt]/.test(one)) {
      const value = one.length > 2 ? one.slice(2) : (argv[++i] ?? '');
      if (one[1] === 'o') options.push(...splitOptions(value).map(unquoteOption));
    } else {
      for (const letter of one.slice(1)) letters.add(letter);
    }
  }
  return { places, options, letters };
}

/** The flags of this Linux's among the options, for a remount. */
export function remountFlags({ options }: HelperArguments, target: string): string[] {
  const passed = options.filter((one) => one === 'ro' || one === 'rw' || isHostFlag(one));
  return [...passed, ...flagsNotPassedOn(target, options)];
}

/** The arguments for fsbridge; undefined: there is nothing to do. Throws ERR_USAGE. */
export function fsbridgeArguments(
  calledAs: string,
  argv: readonly string[],
): readonly string[] | undefined {
  const helper = parseHelperArguments(argv);
  if (/[/\\]umount\.[^/\\]+$/.test(calledAs)) return umountArguments(helper);
  const byMountFuse = !/[/\\]mount\.[^/\\]+$/.test(calledAs);
  const [source, target] = helper.places;
  if (source === undefined || target === undefined || helper.places.length > 2) {
    const why = `it needs SOURCE and DIRECTORY, and got: ${argv.join(' ')}`;
    throw new FsBridgeError('ERR_USAGE', 'mount.fuse.fsbridge', why);
  }
  // -f: do everything but the mount itself.
  if (helper.letters.has('f')) return undefined;
  // mount.fuse adds dev and suid to the options of root's mounts.
  const added = new Set(byMountFuse ? ['dev', 'suid'] : []);
  const options = helper.options.filter((option) => !added.has(option));
  return mountArguments(source, target, { ...helper, options });
}

function umountArguments({ places, letters }: HelperArguments): readonly string[] {
  const flags = [...(letters.has('l') ? ['--lazy'] : []), ...(letters.has('f') ? ['--force'] : [])];
  return ['umount', ...places, ...flags];
}

function mountArguments(
  source: string,
  target: string,
  helper: HelperArguments,
): readonly string[] {
  const own: string[] = [];
  const inner: string[] = [];
  const host: string[] = [];
  for (const option of helper.options) {
    const [name = '', value] = nameAndValue(option);
    if (name === 'rw' || name === 'ro' || name === 'write' || foreignOptions.test(option)) continue;
    if (name === 'allow_other') own.push('--allow-other');
    else if (value !== undefined && valued.has(name)) own.push(`--${name}`, value);
    else if (value === undefined && flagged.has(name)) own.push(`--${name}`);
    else if (isHostFlag(option)) host.push(option);
    else inner.push(option);
  }
  host.push(...flagsNotPassedOn(target, helper.options));
  if (helper.letters.has('v') && !own.includes('--verbose')) own.push('--verbose');
  if (inner.length > 0) own.push('--options', inner.join(','));
  if (host.length > 0) own.push('--host-options', host.join(','));
  if (asksForWriting(target, helper.options)) own.push('--rw');
  return ['mount', source, target, ...own];
}

function nameAndValue(option: string): [string, string | undefined] {
  const at = option.indexOf('=');
  return at < 0 ? [option, undefined] : [option.slice(0, at), option.slice(at + 1)];
}

function asksForWriting(target: string, options: readonly string[]): boolean {
  const last = options.findLast((option) => option === 'ro' || option === 'rw');
  if (options.includes('write')) {
    if (last !== 'ro') return true;
    const advice = 'Leave out "write" to read, or "ro" to write.';
    throw new FsBridgeError('ERR_USAGE', target, '"ro" and "write" contradict each other', advice);
  }
  if (last !== 'rw') return false;
  if (optionsGivenToMount(target).includes('rw')) return true;
  print(
    `fsbridge: ${target}: mounted for reading only, because rw was not among the options given\n` +
      'Add rw to them, or where fsbridge cannot see them, write: -o write\n',
  );
  return false;
}

/** The flags that mount(8) keeps to itself. */
function flagsNotPassedOn(target: string, passed: readonly string[]): string[] {
  const flags = ['dev', 'suid', 'exec'].filter(
    (flag) => !passed.includes(flag) && !passed.includes(`no${flag}`),
  );
  return optionsGivenToMount(target).filter((option) => flags.includes(option));
}

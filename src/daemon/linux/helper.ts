/**
 * What mount(8), umount(8) and mount.fuse(8) call us with, as the command line of fsbridge.
 *
 *     /sbin/mount.fuse.fsbridge SOURCE DIR [-sfnv] [-o OPTIONS] [-N NS] [-t TYPE]   mount(8)
 *     fsbridge SOURCE DIR -o OPTIONS                       mount.fuse(8), where the former is not there
 *     /sbin/umount.fuse.fsbridge DIR [-flnrv] [-N NS] [-t TYPE]                      umount(8)
 *
 * mount(8) puts "rw" before the options of everybody who has not said "ro" (libmount 2.38,
 * context_mount.c), so its word alone must not let a disk be written. It is written if
 *   - "write" is among the options, or
 *   - the command line of the mount(8) that called us says rw (-o rw, -w, --rw), or
 *   - /etc/fstab's line for the directory says rw, where that command line names no options.
 * Otherwise it is mounted for reading, and a warning says how to have it otherwise. Nor does
 * mount(8) pass on dev, suid and exec, which are what it takes for granted, and fsbridge does not:
 * they are looked for in the same places.
 */
import fs from 'node:fs';
import path from 'node:path';
import { FsBridgeError } from '../../errors.ts';
import { unescapeOctal } from '../../host/mountinfo.ts';
import { exitCodeOf, print, report } from '../../observe/messages.ts';

/** For mount(8), systemd and fstab's other readers. */
const forOthers: RegExp = new RegExp(
  [
    '^(?:auto|noauto|fail|nofail|_netdev|_rnetdev|users?|nouser|owner|group|defaults',
    '|(?:comment|fsname|fstype|subtype)=.*|loop(?:=.*)?|[xX]-.*)$',
  ].join(''),
);
/** Flags of the mount in this Linux, not of the file system inside. */
const hostFlags: RegExp = new RegExp(
  [
    '^(?:(?:no)?(?:suid|dev|exec|writeback)|sync|async|dirsync|nosymfollow',
    '|diratime|norelatime|nostrictatime)$',
  ].join(''),
);
/** Options of `fsbridge mount` that take a value. */
const valued: ReadonlySet<string> = new Set([
  ...[
    'volume',
    'type',
    'device',
    'memory',
    'log',
    'trace',
    'label',
    'permissions',
    'case',
    'uid-map',
  ],
]);
const flagged: ReadonlySet<string> = new Set(['verbose', 'network', 'foreground']);

interface Given {
  readonly places: readonly string[];
  readonly options: readonly string[];
  readonly letters: ReadonlySet<string>;
}

/** Splits a helper's arguments; options whose letter takes a value are -o, -N and -t. */
function parseGiven(argv: readonly string[]): Given {
  const places: string[] = [];
  const options: string[] = [];
  const letters = new Set<string>();
  for (let i = 0; i < argv.length; i++) {
    const one = argv[i] as string;
    if (!one.startsWith('-') || one === '-') {
      places.push(one);
    } else if (/^-[oNt]/.test(one)) {
      const value = one.length > 2 ? one.slice(2) : (argv[++i] ?? '');
      if (one[1] === 'o') options.push(...splitOptions(value));
    } else {
      for (const letter of one.slice(1)) letters.add(letter);
    }
  }
  return { places, options, letters };
}

/** Commas separate, but not inside of double quotes (mount(8), "FILESYSTEM-INDEPENDENT …"). */
export function splitOptions(text: string): string[] {
  const parts = text.match(/(?:[^,"]|"[^"]*")+/g) ?? [];
  return parts.map((part) => part.replaceAll('"', ''));
}

/** mount(8): "mount failure", in the place of 1, which is "incorrect invocation" there. */
const mountFailure = 32;

/** The flags of this Linux's that are among the options. */
function flagsOf({ options }: Given, target: string): string[] {
  const passed = options.filter((one) => one === 'ro' || one === 'rw' || hostFlags.test(one));
  return [...passed, ...notPassedOn(target, options)];
}

/** Runs what the helper is called for; answers the exit code that mount(8) passes on. */
export async function runHelper(
  calledAs: string,
  argv: readonly string[],
  run: (argv: readonly string[]) => Promise<number>,
): Promise<number> {
  try {
    const given = parseGiven(argv);
    const target = given.places[1];
    if (given.options.includes('remount') && target !== undefined) {
      const { remount } = await import('./remount.ts');
      await remount(target, flagsOf(given, target));
      return 0;
    }
    const ours = helperArguments(calledAs, argv);
    if (ours?.[0] === 'mount' && (await isShownAgain(ours))) return 0;
    const code = ours === undefined ? 0 : await run(ours);
    return code === 1 ? mountFailure : code;
  } catch (error) {
    report(error);
    return exitCodeOf(error) === 2 ? 1 : mountFailure;
  }
}

/** Whether what is to be mounted is mounted already, and is shown at the new place too. */
async function isShownAgain([
  ,
  source = '',
  target = '',
  ...own
]: readonly string[]): Promise<boolean> {
  const { findMounts } = await import('../control/client.ts');
  const running = (await findMounts()).map(({ status }) => status);
  if (running.length === 0) return false;
  const { mountSecond } = await import('./second-place.ts');
  const at = own.indexOf('--host-options');
  const hostFlags = at < 0 ? [] : (own[at + 1] ?? '').split(',');
  const options = at < 0 ? own : own.toSpliced(at, 2);
  return mountSecond({ source, target, options, hostFlags }, running);
}

/** The arguments for fsbridge; undefined: nothing is to be done. Throws ERR_USAGE. */
export function helperArguments(
  calledAs: string,
  argv: readonly string[],
): readonly string[] | undefined {
  const given = parseGiven(argv);
  if (/[/\\]umount\.[^/\\]+$/.test(calledAs)) return umountArguments(given);
  const byMountFuse = !/[/\\]mount\.[^/\\]+$/.test(calledAs);
  const [source, target] = given.places;
  if (source === undefined || target === undefined || given.places.length > 2) {
    const why = `it needs SOURCE and DIRECTORY, and got: ${argv.join(' ')}`;
    throw new FsBridgeError('ERR_USAGE', 'mount.fuse.fsbridge', why);
  }
  // -f: do everything but the mount itself.
  if (given.letters.has('f')) return undefined;
  // mount.fuse adds dev and suid to what root mounts, though nobody has said so.
  const added = new Set(byMountFuse ? ['dev', 'suid'] : []);
  const options = given.options.filter((option) => !added.has(option));
  return mountArguments(source, target, { ...given, options });
}

function umountArguments({ places, letters }: Given): readonly string[] {
  const flags = [...(letters.has('l') ? ['--lazy'] : []), ...(letters.has('f') ? ['--force'] : [])];
  return ['umount', ...places, ...flags];
}

function mountArguments(source: string, target: string, given: Given): readonly string[] {
  const own: string[] = [];
  const inner: string[] = [];
  const host: string[] = [];
  for (const option of given.options) {
    const [name = '', value] = cut(option);
    if (name === 'rw' || name === 'ro' || name === 'write' || forOthers.test(option)) continue;
    if (name === 'allow_other') own.push('--allow-other');
    else if (value !== undefined && valued.has(name)) own.push(`--${name}`, value);
    else if (value === undefined && flagged.has(name)) own.push(`--${name}`);
    else if (hostFlags.test(option)) host.push(option);
    else inner.push(option);
  }
  host.push(...notPassedOn(target, given.options));
  if (given.letters.has('v') && !own.includes('--verbose')) own.push('--verbose');
  if (inner.length > 0) own.push('--options', inner.join(','));
  if (host.length > 0) own.push('--host-options', host.join(','));
  if (writeIsMeant(target, given.options)) own.push('--rw');
  return ['mount', source, target, ...own];
}

function cut(option: string): [string, string | undefined] {
  const at = option.indexOf('=');
  return at < 0 ? [option, undefined] : [option.slice(0, at), option.slice(at + 1)];
}

function writeIsMeant(target: string, options: readonly string[]): boolean {
  if (options.includes('write')) return true;
  if (!options.includes('rw')) return false;
  if (saidToMount(target).includes('rw')) return true;
  print(
    `fsbridge: ${target}: mounted for reading only, as rw was not among the options that were given\n` +
      'Add rw to them, or where that is not seen, write: -o write\n',
  );
  return false;
}

/** What a person said to mount(8), in its command line or in fstab. */
function saidToMount(target: string): readonly string[] {
  const caller = callingMount();
  return caller === undefined ? [] : saidOptions(caller, target);
}

/** Of that, what mount(8) keeps to itself. */
function notPassedOn(target: string, passed: readonly string[]): string[] {
  const flags = ['dev', 'suid', 'exec'].filter(
    (flag) => !passed.includes(flag) && !passed.includes(`no${flag}`),
  );
  return saidToMount(target).filter((option) => flags.includes(option));
}

/** mount(8)'s options with a value; of the long ones those that matter here. */
const lettersWithValue = 'oOtTLUN';
const longWithValue = /^--(options|fstab|types|test-opts|source|target|namespace)(?:=(.*))?$/;

interface Caller {
  readonly saysRw: boolean;
  readonly options: readonly string[];
  readonly table: string | undefined;
}

function parseCaller(argv: readonly string[]): Caller {
  let saysRw = false;
  let table: string | undefined;
  const options: string[] = [];
  const take = (name: string, value: string): void => {
    if (name === 'o' || name === 'options') options.push(...splitOptions(value));
    if (name === 'T' || name === 'fstab') table = value;
  };
  for (let i = 1; i < argv.length; i++) {
    const one = argv[i] as string;
    const [, long, value] = longWithValue.exec(one) ?? [];
    if (long !== undefined) take(long, value ?? argv[++i] ?? '');
    else if (one === '--rw' || one === '--read-write') saysRw = true;
    if (!/^-[a-zA-Z]/.test(one)) continue;
    for (let at = 1; at < one.length; at++) {
      const letter = one[at] as string;
      if (letter === 'w') saysRw = true;
      if (!lettersWithValue.includes(letter)) continue;
      take(letter, at + 1 < one.length ? one.slice(at + 1) : (argv[++i] ?? ''));
      break;
    }
  }
  return { saysRw, options, table };
}

/** The options of that command line of mount(8), or of the line of fstab that it means. */
export function saidOptions(
  caller: readonly string[],
  target: string,
  readTable: (file: string) => string = readFile,
): readonly string[] {
  const { saysRw, options, table } = parseCaller(caller);
  if (saysRw) return [...options, 'rw'];
  return options.length > 0 ? options : optionsInTable(readTable(table ?? '/etc/fstab'), target);
}

function optionsInTable(text: string, target: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, place = '', , options = ''] = line.trim().split(/\s+/);
    if (line.trim().startsWith('#')) return [];
    const name = unescapeOctal(place);
    return path.resolve(name) === path.resolve(target) ? splitOptions(options) : [];
  });
}

function readFile(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The command line of the mount(8) that called us, perhaps by way of mount.fuse and a shell. */
function callingMount(): string[] | undefined {
  let pid = process.ppid;
  for (let generation = 0; generation < 4 && pid > 1; generation++) {
    const line = readFile(`/proc/${pid}/cmdline`).split('\0');
    if (path.basename(line[0] ?? '') === 'mount') return line;
    const parent = /\) \S (\d+)/.exec(readFile(`/proc/${pid}/stat`))?.[1];
    pid = Number(parent ?? 0);
  }
  return undefined;
}

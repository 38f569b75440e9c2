/**
 * Finds the options that a person gave to the mount(8) that called us: in its command line, or in
 * the line of fstab(5) that it means. mount(8) passes on more and less than these: it adds rw, and
 * keeps dev, suid and exec to itself.
 */
import fs from 'node:fs';
import path from 'node:path';
import { unescapeOctal } from '../../host/mountinfo.ts';
import { splitOptions, unquoteOption } from '../../split-options.ts';

/** mount(8)'s letters with a value. */
const lettersWithValue = 'oOtTLUN';
/** mount(8)'s long options with a value, as far as a value could be taken for an option. */
const longWithValue = /^--(options|fstab|types|test-opts|source|target|namespace)(?:=(.*))?$/;
/** How many ancestors of this process may come between it and mount(8): mount.fuse and a shell. */
const maxGenerations = 4;

interface MountCommandLine {
  readonly asksForRw: boolean;
  readonly options: readonly string[];
  /** The table to read in the place of /etc/fstab. */
  readonly table: string | undefined;
}

/** The options that a person gave for that directory; none where no mount(8) called us. */
export function optionsGivenToMount(target: string): readonly string[] {
  const argv = callingMount();
  return argv === undefined ? [] : optionsOfCaller(argv, target);
}

/** The options of that command line of mount(8), or of the line of fstab that it means. */
export function optionsOfCaller(
  argv: readonly string[],
  target: string,
  readTable: (file: string) => string = readFile,
): readonly string[] {
  const { asksForRw, options, table } = parseCommandLine(argv);
  if (asksForRw) return [...options, 'rw'];
  return options.length > 0 ? options : optionsInTable(readTable(table ?? '/etc/fstab'), target);
}

function parseCommandLine(argv: readonly string[]): MountCommandLine {
  let asksForRw = false;
  let table: string | undefined;
  const options: string[] = [];
  const take = (name: string, value: string): void => {
    if (name === 'o' || name === 'options') options.push(...splitOptions(value).map(unquoteOption));
    if (name === 'T' || name === 'fstab') table = value;
  };
  for (let i = 1; i < argv.length; i++) {
    const one = argv[i] as string;
    const [, long, value] = longWithValue.exec(one) ?? [];
    if (long !== undefined) take(long, value ?? argv[++i] ?? '');
    else if (one === '--rw' || one === '--read-write') asksForRw = true;
    if (!/^-[a-zA-Z]/.test(one)) continue;
    for (let at = 1; at < one.length; at++) {
      const letter = one[at] as string;
      if (letter === 'w') asksForRw = true;
      if (!lettersWithValue.includes(letter)) continue;
      take(letter, at + 1 < one.length ? one.slice(at + 1) : (argv[++i] ?? ''));
      break;
    }
  }
  return { asksForRw, options, table };
}

function optionsInTable(text: string, target: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, place = '', , options = ''] = line.trim().split(/\s+/);
    if (line.trim().startsWith('#')) return [];
    const isMeant = path.resolve(unescapeOctal(place)) === path.resolve(target);
    return isMeant ? splitOptions(options).map(unquoteOption) : [];
  });
}

/** The command line of the mount(8) that called us; undefined where none did. */
function callingMount(): string[] | undefined {
  let pid = process.ppid;
  for (let generation = 0; generation < maxGenerations && pid > 1; generation++) {
    const line = readFile(`/proc/${pid}/cmdline`).split('\0');
    if (path.basename(line[0] ?? '') === 'mount') return line;
    const parent = /\) \S (\d+)/.exec(readFile(`/proc/${pid}/stat`))?.[1];
    pid = Number(parent ?? 0);
  }
  return undefined;
}

function readFile(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

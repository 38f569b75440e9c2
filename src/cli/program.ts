/**
 * The command line as a whole: its commands, and how their errors become messages and exit codes.
 * Only the command that is called is loaded, as reading our own source is half of the start.
 *
 * Exit codes: 0, 1 for a failure, 2 for wrong usage, 128 + the signal's number after an
 * interruption.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { FsBridgeError } from '../errors.ts';
import { Interrupted, watchSignals } from '../host/interrupt.ts';
import { exitCodeOf, PartlyFailed, report } from '../observe/messages.ts';
import { reportKernelErrors } from './kernel-errors.ts';
import { output } from './output.ts';

const examples = `
Examples:
  fsbridge probe disk.img                        show its volumes
  fsbridge mount disk.img /mnt                   use it as a directory, for reading
  fsbridge ls -l disk.img /home                  list a directory
  fsbridge get disk.img /home backup             copy a tree out
  fsbridge put disk.img notes.txt /root --rw     copy a file in

SOURCE is an image file or a disk such as /dev/sdb. Nothing in it changes without --rw: if its
journal has to be replayed, that happens in memory.
Help on a command, with more examples: fsbridge COMMAND --help`;

/** The version in the package's own package.json, in a checkout and where it is installed. */
function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Every command, in the order of the help. */
const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  probe: async () => (await import('./commands/probe.ts')).probeCommand(),
  mount: async () => (await import('./commands/mount.ts')).mountCommand(),
  umount: async () => (await import('./commands/umount.ts')).umountCommand(),
  status: async () => (await import('./commands/status.ts')).statusCommand(),
  ls: async () => (await import('./commands/ls.ts')).lsCommand(),
  cat: async () => (await import('./commands/cat.ts')).catCommand(),
  get: async () => (await import('./commands/get.ts')).getCommand(),
  put: async () => (await import('./commands/put.ts')).putCommand(),
  rm: async () => (await import('./commands/rm.ts')).rmCommand(),
  mkdir: async () => (await import('./commands/mkdir.ts')).mkdirCommand(),
  mv: async () => (await import('./commands/mv.ts')).mvCommand(),
  ln: async () => (await import('./commands/ln.ts')).lnCommand(),
  manifest: async () => (await import('./commands/manifest.ts')).manifestCommand(),
  df: async () => (await import('./commands/df.ts')).dfCommand(),
};

function isCommand(name: string | undefined): name is string {
  return name !== undefined && Object.hasOwn(loaders, name);
}

/**
 * The program with the command that is called, or with all of them. commander is kept from writing
 * to standard error and from ending the process.
 */
async function makeProgram(argv: readonly string[]): Promise<Command> {
  const program = new Command('fsbridge')
    .description('Read and write Linux disks with the file systems of Linux itself.')
    .version(version(), '--version', 'print the version')
    .helpOption('--help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', examples);
  const [name] = argv;
  const all = name === '--version' ? [] : Object.values(loaders);
  const wanted = isCommand(name) ? [loaders[name]] : all;
  const commands = await Promise.all(wanted.flatMap((load) => (load ? [load()] : [])));
  for (const command of commands)
    program.addCommand(command.helpOption('--help', 'show this help'));
  for (const command of [program, ...commands]) {
    command.exitOverride().configureOutput({ outputError: () => {} });
  }
  return program;
}

/** commander's error as one of ours; undefined where it only showed help or the version. */
function usageError(error: CommanderError, argv: readonly string[]): FsBridgeError | undefined {
  if (error.exitCode === 0) return undefined;
  const [command] = argv;
  const known = isCommand(command);
  const noCommand = error.code === 'commander.help';
  const why = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  return new FsBridgeError(
    'ERR_USAGE',
    known ? command : 'command line',
    noCommand ? 'no command was given' : why,
    known
      ? `\`fsbridge ${command} --help\` shows how it is used.`
      : '`fsbridge --help` shows the commands.',
  );
}

async function run(argv: readonly string[]): Promise<number> {
  try {
    await (await makeProgram(argv)).parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof PartlyFailed) return 1;
    if (error instanceof Interrupted) return error.exitCode;
    if (error instanceof CommanderError) {
      const wrong = usageError(error, argv);
      if (wrong === undefined) return 0;
      report(wrong);
      return 2;
    }
    report(error);
    return exitCodeOf(error);
  }
}

/** Runs the command line. Answers the exit code when everything is closed and written. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  watchSignals();
  let code = await run(argv);
  try {
    await output.end();
    if (reportKernelErrors()) code ||= 1;
    return code;
  } catch (error) {
    return error instanceof Interrupted && code === 0 ? error.exitCode : code || 1;
  }
}

/**
 * The command line as a whole: which commands there are, and what becomes of their errors.
 *
 * Exit codes: 0, 1 for a failure, 2 for wrong usage, 128 + the signal's number after an
 * interruption.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { FsBridgeError } from '../errors.ts';
import { catCommand } from './commands/cat.ts';
import { dfCommand } from './commands/df.ts';
import { getCommand } from './commands/get.ts';
import { lnCommand } from './commands/ln.ts';
import { lsCommand } from './commands/ls.ts';
import { manifestCommand } from './commands/manifest.ts';
import { mkdirCommand } from './commands/mkdir.ts';
import { mvCommand } from './commands/mv.ts';
import { probeCommand } from './commands/probe.ts';
import { putCommand } from './commands/put.ts';
import { rmCommand } from './commands/rm.ts';
import { exitCodeOf, PartlyFailed, report } from './errors.ts';
import { Interrupted, watchSignals } from './interrupt.ts';
import { output } from './output.ts';

const examples = `
Examples:
  fsbridge probe disk.img                        what is on it
  fsbridge ls -l disk.img /home
  fsbridge get disk.img /home backup             copy out
  fsbridge put disk.img notes.txt /root --rw     copy in

SOURCE is an image file or a disk such as /dev/sdb. Nothing in it changes without --rw: a journal
that waits for its replay is replayed in memory.
Help on a command, with more examples: fsbridge COMMAND --help`;

/** The package's own, both in a checkout and where it is installed. */
function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** All commands; nothing of commander's writes to standard error or ends the process. */
function makeProgram(): Command {
  const program = new Command('fsbridge')
    .description('Read and write Linux disks with the file systems of Linux itself.')
    .version(version(), '--version', 'print the version')
    .helpOption('--help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', examples);
  const commands = [
    probeCommand(),
    lsCommand(),
    catCommand(),
    getCommand(),
    putCommand(),
    rmCommand(),
    mkdirCommand(),
    mvCommand(),
    lnCommand(),
    manifestCommand(),
    dfCommand(),
  ];
  for (const command of commands)
    program.addCommand(command.helpOption('--help', 'show this help'));
  for (const command of [program, ...commands]) {
    command.exitOverride().configureOutput({ outputError: () => {} });
  }
  return program;
}

/** commander's complaint in our words; undefined where it only showed help or the version. */
function usageError(error: CommanderError, argv: readonly string[]): FsBridgeError | undefined {
  if (error.exitCode === 0) return undefined;
  const [command] = argv;
  const isCommand = makeProgram().commands.some((one) => one.name() === command);
  const noCommand = error.code === 'commander.help';
  const why = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  return new FsBridgeError(
    'ERR_USAGE',
    isCommand ? `${command}` : 'command line',
    noCommand ? 'there is no command' : why,
    isCommand
      ? `\`fsbridge ${command} --help\` shows how it is used.`
      : '`fsbridge --help` shows what there is.',
  );
}

async function run(argv: readonly string[]): Promise<number> {
  try {
    await makeProgram().parseAsync(argv, { from: 'user' });
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

/** Runs the command line; answers the exit code when everything is closed and written. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  watchSignals();
  const code = await run(argv);
  try {
    await output.end();
    return code;
  } catch (error) {
    return error instanceof Interrupted && code === 0 ? error.exitCode : code || 1;
  }
}

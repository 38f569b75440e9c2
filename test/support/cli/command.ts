/**
 * Runs bin/fsbridge as a user does, for tests. The Node that runs the tests comes first on the
 * PATH, so that the script does not look for another.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';

const program: string = path.resolve(import.meta.dirname, '../../../bin/fsbridge');
const searchPath = `${path.dirname(process.execPath)}${path.delimiter}${process.env['PATH']}`;

export interface CommandResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface CommandPlace {
  readonly cwd?: string;
  /** A link to bin/fsbridge, to be run in its place. */
  readonly program?: string;
}

/** Starts a command whose output can be read. */
export function startCommand(args: readonly string[], place: CommandPlace = {}): ChildProcess {
  return spawn(place.program ?? program, args, {
    cwd: place.cwd,
    env: { ...process.env, PATH: searchPath, TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs a command to its end. Its code is -1 if a signal ended it. */
export async function runCommand(
  args: readonly string[],
  place: CommandPlace = {},
): Promise<CommandResult> {
  const child = startCommand(args, place);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (data: Buffer) => stdout.push(data));
  child.stderr?.on('data', (data: Buffer) => stderr.push(data));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? -1));
  });
  return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
}

/** Runs a command that must succeed; answers its standard output. */
export async function mustCommand(...args: readonly string[]): Promise<Buffer> {
  const { code, stdout, stderr } = await runCommand(args);
  if (code !== 0) throw new Error(`fsbridge ${args.join(' ')} ended with ${code}:\n${stderr}`);
  return stdout;
}

/**
 * Runs a program of the machine for a test and collects what it says.
 *
 * Invariants:
 * 1. No shell: arguments reach the program as they are.
 * 2. A program that ends, however it ends, is an answer; one that is not there is a FsBridgeError
 *    with the code ENOENT. `mustRun` makes a failure one as well.
 */
import { spawn } from 'node:child_process';
import { FsBridgeError } from '../../src/errors.ts';

export interface ProgramResult {
  /** The exit status; 128 + the signal's number where a signal ended it, as a shell counts. */
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const signalBase = 128;
/** spawn gives the signal's name only; SIGKILL and SIGTERM are what happens in practice. */
const signalNumbers: Readonly<Record<string, number>> = {
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

/** Runs a program to its end. C locale, standard input empty. */
export function run(argv: readonly string[]): Promise<ProgramResult> {
  const [program, ...rest] = argv;
  if (program === undefined) throw new FsBridgeError('EINVAL', 'run', 'no program was named');
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', (error: NodeJS.ErrnoException) => {
      const advice = 'Install the Debian package that has it, or leave this test out.';
      reject(new FsBridgeError(error.code ?? 'EIO', program, error.message, advice));
    });
    child.on('close', (code, signal) => {
      const status = code ?? signalBase + (signalNumbers[signal ?? ''] ?? 0);
      resolve({
        status,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString('utf8'),
      });
    });
  });
}

/** Like `run`, but throws where the program fails; the last lines it wrote are the reason. */
export async function mustRun(argv: readonly string[]): Promise<ProgramResult> {
  const result = await run(argv);
  if (result.status === 0) return result;
  const said = `${result.stdout.toString('utf8')}\n${result.stderr}`.trim().split('\n');
  const why = `ended with status ${result.status}: ${said.slice(-4).join(' | ').slice(-600)}`;
  throw new FsBridgeError('ERR_PROGRAM_FAILED', argv.join(' '), why);
}

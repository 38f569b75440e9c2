/**
 * `fsbridge manifest` of an image, as a person would run it: the real command in a process of its own,
 * with an end to the patience.
 *
 * Invariant: how the command ends is an answer, never an exception; `endedWell` tells a refusal (exit
 * status 1 with a code) from a crash.
 */
import { fileURLToPath } from 'node:url';
import { type ManifestEntry, parseManifest } from '../native/native-mount.ts';
import { run } from '../run-program.ts';

const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

export interface CliWish {
  readonly hash?: boolean;
  /** --type; without it the command looks for itself. */
  readonly type?: string;
  /** The command is killed after so long; 120 seconds unless told. */
  readonly timeoutMs?: number;
}

export interface CliManifest {
  /** Exit status; 124 or 137 where the time was over (timeout(1)). */
  readonly status: number;
  readonly entries: readonly ManifestEntry[];
  /** The code in the last message: the errno's name, ERR_…; undefined where there was none. */
  readonly code: string | undefined;
  readonly stderr: string;
}

/** Runs the command line of this checkout with these arguments. */
async function runCli(
  argv: readonly string[],
  timeoutMs = 120_000,
): Promise<{ status: number; stdout: Buffer; stderr: string }> {
  // timeout(1) and not spawn's own: its kill(1) comes even where Node's event loop is blocked.
  const limit = ['timeout', '--kill-after=5', String(timeoutMs / 1000)];
  return await run([...limit, process.execPath, main, ...argv]);
}

/** The code in parentheses at the end of a message: see src/observe/messages.ts, report. */
function lastCode(stderr: string): string | undefined {
  return [...stderr.matchAll(/^fsbridge: .*\((E[A-Z0-9_]+)\)$/gm)].at(-1)?.[1];
}

/** What `fsbridge manifest` says of an image. */
export async function cliManifest(image: string, wish: CliWish = {}): Promise<CliManifest> {
  const argv = ['manifest', image];
  if (wish.hash === true) argv.push('--hash');
  if (wish.type !== undefined) argv.push('--type', wish.type);
  const { status, stdout, stderr } = await runCli(argv, wish.timeoutMs);
  const entries = status === 0 ? parseManifest(stdout) : [];
  return { status, entries, code: status === 0 ? undefined : lastCode(stderr), stderr };
}

/** Whether the command said yes or no; a crash, a dead kernel, or time that ran out is neither. */
export function endedWell(answer: CliManifest): boolean {
  if (answer.status === 0) return true;
  const dead = ['ERR_KERNEL_FAILED', 'ERR_INTERNAL'].includes(answer.code ?? '');
  return answer.status === 1 && answer.code !== undefined && !dead;
}

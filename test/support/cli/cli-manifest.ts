/**
 * `fsbridge manifest` of an image, as a person would run it: the real command in a process of its
 * own, with a timeout.
 *
 * Invariant: the way in which the command ends is an answer, never an exception. `endedWell` tells
 * a refusal (exit status 1 with a code) from a crash.
 */
import { fileURLToPath } from 'node:url';
import { type ManifestEntry, parseManifest } from '../native/native-mount.ts';
import { run } from '../run-program.ts';

const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

export interface CliManifestOptions {
  readonly hash?: boolean;
  /** --type; without it the command detects the type. */
  readonly type?: string;
  /** The command is killed after so long; 120 seconds by default. */
  readonly timeoutMs?: number;
}

export interface CliManifest {
  /**
   * Exit status; 124 or 137 after the timeout (timeout(1)). 0 also stands for a whole manifest
   * after which the command says that the kernel logged errors (ERR_KERNEL_LOG).
   */
  readonly status: number;
  readonly entries: readonly ManifestEntry[];
  /** The code in the last message: the errno's name, ERR_…; undefined where there is none. */
  readonly code: string | undefined;
  readonly stderr: string;
}

/** Runs the command line of this checkout with these arguments. */
async function runCli(
  argv: readonly string[],
  timeoutMs = 120_000,
): Promise<{ status: number; stdout: Buffer; stderr: string }> {
  // timeout(1), not spawn's own timeout: it also ends a Node whose event loop is blocked.
  const limit = ['timeout', '--kill-after=5', String(timeoutMs / 1000)];
  return await run([...limit, process.execPath, main, ...argv]);
}

/** The code in parentheses at the end of a message: see src/observe/messages.ts, report. */
function lastCode(stderr: string): string | undefined {
  return [...stderr.matchAll(/^fsbridge: .*\((E[A-Z0-9_]+)\)$/gm)].at(-1)?.[1];
}

/** Runs `fsbridge manifest` on an image. */
export async function cliManifest(
  image: string,
  options: CliManifestOptions = {},
): Promise<CliManifest> {
  const argv = ['manifest', image];
  if (options.hash === true) argv.push('--hash');
  if (options.type !== undefined) argv.push('--type', options.type);
  const { status, stdout, stderr } = await runCli(argv, options.timeoutMs);
  const code = status === 0 ? undefined : lastCode(stderr);
  // The manifest is whole, and the command adds that the kernel logged damage while it was made.
  if (status === 1 && code === 'ERR_KERNEL_LOG') {
    return { status: 0, entries: parseManifest(stdout), code: undefined, stderr };
  }
  return { status, entries: status === 0 ? parseManifest(stdout) : [], code, stderr };
}

/**
 * Whether the command succeeded or refused; not so after a crash, a kernel's death or the timeout.
 */
export function endedWell(answer: CliManifest): boolean {
  if (answer.status === 0) return true;
  const dead = ['ERR_KERNEL_FAILED', 'ERR_INTERNAL'].includes(answer.code ?? '');
  return answer.status === 1 && answer.code !== undefined && !dead;
}

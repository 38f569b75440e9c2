/**
 * Tests that need something of the machine: where it is missing they are skipped, and their name
 * says why. The report (scripts/test/kinds-reporter.ts) counts them by that reason.
 *
 *     describeUnless(cannotMount('xfs'))('quotas', () => { … });
 */
import { spawnSync } from 'node:child_process';
import { describe, type TestContext, test } from 'vitest';
import { corpusFolder } from './images/corpus.ts';

type Body = (context: TestContext) => Promise<void> | void;
type Rest = readonly [Body] | readonly [{ readonly timeout: number }, Body];

const reasoned = (name: string, missing: string): string =>
  `${name} (skipped: ${missing})`.trimStart();

/** describe, where nothing is missing. */
export function describeUnless(
  missing: string | undefined,
): (name: string, body: () => void) => void {
  if (missing === undefined) return describe;
  return (name, body) => describe.skip(reasoned(name, missing), body);
}

/** test, where nothing is missing. */
export function testUnless(missing: string | undefined): (name: string, ...rest: Rest) => void {
  const declare = missing === undefined ? test : test.skip;
  return (name, ...rest) => {
    const title = missing === undefined ? name : reasoned(name, missing);
    if (rest.length === 1) declare(title, rest[0]);
    else declare(title, rest[0], rest[1]);
  };
}

const isRoot: boolean = process.getuid?.() === 0;
/** Loop mounts, and other users' files, are root's. */
export const notRoot: string | undefined = isRoot ? undefined : 'it needs root';
export const notLinux: string | undefined =
  process.platform === 'linux' ? undefined : 'it needs Linux';
export const onWindows: string | undefined =
  process.platform === 'win32' ? 'Windows has no such thing' : undefined;
export const noCorpus: string | undefined =
  corpusFolder === undefined ? 'the corpus of images is not beside this repository' : undefined;

/** The first of these programs that this machine does not have. */
export function notInstalled(...programs: readonly string[]): string | undefined {
  const missing = programs.find((program) => spawnSync(program, ['-V']).error !== undefined);
  return missing === undefined ? undefined : `${missing} is not installed`;
}

/**
 * `npm test`: all tests in one run of vitest. It gets the kernel image first, and ends with the
 * line `N passed, N failed`. The tools that tests compare with (mkfs, fsck, Wine) are installed as
 * root on Debian; without them those tests are skipped, and the report says why.
 *
 *   npm test                 everything
 *   npm test -- pure         one kind alone: pure, kernel, host, windows (scripts/test/kinds.ts)
 *   npm test -- host twins   the tests of that kind whose file name has "twins" in it
 *   npm test -- windows conformance -t rename    `npm run test:conformance`, of these tests
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { installTestTools } from './kernel/requirements.ts';
import { kinds } from './test/kinds.ts';

const root: string = path.resolve(import.meta.dirname, '..');

/** Runs a script of node's, and answers its exit code. */
function runNode(script: string, args: readonly string[] = []): number {
  const program = path.join(root, script);
  return (
    spawnSync(process.execPath, [program, ...args], { cwd: root, stdio: 'inherit' }).status ?? 1
  );
}

const [only, ...filters] = process.argv.slice(2);
const chosen = only === undefined ? kinds : kinds.filter(({ name }) => name === only);
if (chosen.length === 0) {
  const names = kinds.map(({ name }) => name).join(', ');
  console.error(`fsbridge: npm test: there is no kind of tests called ${only} (ERR_USAGE)`);
  console.error(`Use: npm test, or npm test -- KIND [NAME...] with one of ${names}`);
  process.exit(2);
}
if (chosen.some((kind) => kind.needsKernel)) {
  if (runNode('scripts/kernel.ts') !== 0) {
    console.log('0 passed, 1 failed');
    process.exit(1);
  }
  installTestTools();
}
const projects = chosen.flatMap(({ name }) => ['--project', name]);
const args = ['run', '--passWithNoTests', ...projects, ...filters];
process.exit(runNode('node_modules/vitest/vitest.mjs', args));

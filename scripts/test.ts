/**
 * `npm test`: builds what is missing, then runs the unit tests and the slow ones, and ends with the
 * line `N passed, N failed`. The tools that the slow tests compare with (mkfs, fsck) are installed
 * as root on Debian; without them those tests are skipped, each with its reason.
 *
 *   npm test                 everything
 *   npm test -- pure         one kind alone: pure, kernel, host, windows (vitest.config.ts)
 *   npm test -- host twins   the tests of that kind whose file name has "twins" in it
 *   npm test -- windows conformance -t rename    `npm run test:conformance`, of these tests
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { installTestTools } from './kernel/requirements.ts';

const root: string = path.resolve(import.meta.dirname, '..');
const vitest: string = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: { name: string; status: string; message: string; assertionResults: unknown[] }[];
}

function run(script: string): void {
  const { status } = spawnSync(process.execPath, [path.join(root, script)], { stdio: 'inherit' });
  if (status !== 0) {
    console.log('0 passed, 1 failed');
    process.exit(1);
  }
}

/** Runs one project; a file that could not even be loaded counts as a failed test. */
function runProject(project: string, filters: readonly string[]): [number, number, number] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-test-'));
  const output = path.join(folder, 'report.json');
  const args = ['run', '--project', project, '--passWithNoTests', ...filters];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${output}`];
  const { status } = spawnSync(process.execPath, [vitest, ...args, ...reporters], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  try {
    const report = JSON.parse(fs.readFileSync(output, 'utf8')) as Report;
    const broken = report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    ).length;
    let failed = report.numFailedTests + broken;
    // Something outside a test went wrong: an unhandled rejection, say.
    if (failed === 0 && status !== 0) failed = 1;
    return [report.numPassedTests, failed, report.numPendingTests];
  } catch {
    return [0, 1, 0];
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const [only, ...filters] = process.argv.slice(2);
const kinds = ['pure', 'kernel', 'host', 'windows'];
if (only !== undefined && !kinds.includes(only)) {
  console.error(`fsbridge: npm test: there is no kind of tests called ${only} (ERR_USAGE)`);
  console.error(`Use: npm test, or npm test -- KIND [NAME...] with one of ${kinds.join(', ')}`);
  process.exit(2);
}
run('scripts/kernel.ts');
if (only !== 'pure') installTestTools();
let passed = 0;
let failed = 0;
let skipped = 0;
for (const project of kinds) {
  if (only !== undefined && only !== project) continue;
  const started = performance.now();
  console.log(`\nThe ${project} tests:`);
  const [p, f, s] = runProject(project, filters);
  console.log(`The ${project} tests took ${Math.round((performance.now() - started) / 1000)} s.`);
  passed += p;
  failed += f;
  skipped += s;
}
if (skipped > 0) console.log(`${skipped} tests were skipped: each says why above.`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

/**
 * `npm run check`: types (tsc), format and lint (Biome), dead code (knip), and the pure tests,
 * among them the rules of the house: which way imports run, circles, lengths
 * (test/pure/house.test.ts). The steps run side by side; the output of a step that failed is shown
 * whole.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';

const root: string = path.resolve(import.meta.dirname, '..');
const modules: string = path.join(root, 'node_modules');

const steps: readonly (readonly [string, readonly string[]])[] = [
  ['types', [path.join(modules, 'typescript', 'bin', 'tsc'), '-p', '.']],
  ['Biome', [path.join(modules, '@biomejs', 'biome', 'bin', 'biome'), 'ci', '--error-on-warnings']],
  ['dead code', [path.join(modules, 'knip', 'bin', 'knip.js'), '--no-progress']],
  ['pure tests', [path.join(modules, 'vitest', 'vitest.mjs'), 'run', '--project', 'pure']],
];

async function run(name: string, args: readonly string[]): Promise<boolean> {
  const started = performance.now();
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    output += data.toString();
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'}  ${name.padEnd(12)} ${seconds.padStart(6)} s`);
  if (status !== 0) console.log(output);
  return status === 0;
}

const results = await Promise.all(steps.map(([name, args]) => run(name, args)));
process.exit(results.every(Boolean) ? 0 : 1);

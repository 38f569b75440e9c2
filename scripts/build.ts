/**
 * `npm run build`, which `npm pack` runs too: the kernel image and dist/. An installed package has
 * only these, so it needs no compiler, on Linux or on Windows.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const root: string = path.resolve(import.meta.dirname, '..');

function run(...args: string[]): void {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

run(path.join('scripts', 'kernel.ts'));
fs.rmSync(path.join(root, 'dist'), { recursive: true, force: true });
run(path.join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json');
fs.chmodSync(path.join(root, 'dist', 'cli', 'main.js'), 0o755);

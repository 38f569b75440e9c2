/**
 * `npm run test:conformance`: Windows' rules as cases, through a model of WinFsp's driver, on ext4 and
 * XFS; then what programs do, replayed and looked at by this machine's own kernel. The last line is
 * "N passed, N failed". What follows `--` goes to test/windows/conformance/main.ts.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { installTestTools } from './kernel/requirements.ts';

const root: string = path.resolve(import.meta.dirname, '..');

function run(script: string, args: readonly string[]): number {
  const argv = [path.join(root, script), ...args];
  return spawnSync(process.execPath, argv, { stdio: 'inherit', cwd: root }).status ?? 1;
}

if (run('scripts/kernel.ts', []) !== 0) {
  console.log('0 passed, 1 failed');
  process.exit(1);
}
installTestTools();
process.exit(run('test/windows/conformance/main.ts', process.argv.slice(2)));

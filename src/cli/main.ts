#!/usr/bin/env node
/**
 * The `fsbridge` command. This file only sees to it that Node can run the rest, so that an old one
 * says what is missing instead of a syntax error; and it starts a mount's own process before
 * anything else is read, as that is what takes the time.
 */
import { enableCompileCache } from 'node:module';

const nodeLeast = 26;

async function main(): Promise<number> {
  // Three quarters of the start are spent on reading our own source; Node can remember that.
  enableCompileCache();
  const argv = process.argv.slice(2);
  const calledAs = process.env['FSBRIDGE_CALLED_AS'] ?? process.argv[1] ?? '';
  delete process.env['FSBRIDGE_CALLED_AS'];
  // mount(8) and umount(8) call us by these names, mount.fuse(8) with its arguments.
  if (/[/\\]u?mount\.[^/\\]+$/.test(calledAs) || argv[2] === '-o') {
    const { runHelper } = await import('./mount/helper.ts');
    return runHelper(calledAs, argv, run);
  }
  return run(argv);
}

async function run(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'mount' && !argv.includes('--foreground') && !argv.includes('--help')) {
    const { isDaemon, startDaemon } = await import('./mount/daemon.ts');
    if (!isDaemon()) return startDaemon(argv);
  }
  const { runProgram } = await import('./program.ts');
  return runProgram(argv);
}

if (Number(process.versions.node.split('.')[0]) < nodeLeast) {
  process.stderr.write(
    `fsbridge: Node ${process.versions.node}: Node ${nodeLeast} or later is needed ` +
      '(ERR_NODE_VERSION)\nInstall it from nodejs.org, or put a newer one first on the PATH.\n',
  );
  process.exitCode = 1;
} else {
  process.exit(await main());
}

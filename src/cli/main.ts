#!/usr/bin/env node
/**
 * The `fsbridge` command. This file checks that Node can run the rest, so that an old Node prints
 * what is missing instead of a syntax error. It also starts a mount's own process before it reads
 * any other file, because the start of that process takes the time.
 */
// The module as a whole: an old Node lacks some of its exports, and a named import would fail
// there.
import module from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';

const minNodeVersion = 26;
/** The first arguments with which no kernel is booted. */
const kernelless: ReadonlySet<string> = new Set([
  '',
  '--help',
  '--version',
  'help',
  'status',
  'umount',
]);

async function main(): Promise<number> {
  // Three quarters of the start are spent on compiling our own source, which Node can cache. Node's
  // own choice for the cache is a folder in /tmp, where any user could leave code for root to run.
  module.enableCompileCache(process.env['NODE_COMPILE_CACHE'] ?? cacheFolder());
  const argv = process.argv.slice(2);
  const calledAs = process.env['FSBRIDGE_CALLED_AS'] ?? process.argv[1] ?? '';
  delete process.env['FSBRIDGE_CALLED_AS'];
  // mount(8) and umount(8) call us by these names, and mount.fuse(8) with its own arguments.
  if (/[/\\]u?mount\.[^/\\]+$/.test(calledAs) || (argv[0] !== 'mount' && argv[2] === '-o')) {
    const { runHelper } = await import('../daemon/linux/mount-helper.ts');
    return runHelper(calledAs, argv, run);
  }
  return run(argv);
}

function cacheFolder(): string {
  const home = process.env['LOCALAPPDATA'] ?? process.env['XDG_CACHE_HOME'];
  return path.join(home ?? path.join(homedir(), '.cache'), 'fsbridge', 'compiled');
}

/**
 * Compiles the kernel's image on other threads while this one reads our source. If the image is
 * missing, the command says so when it boots. V8 checks each function of the image when it is first
 * called, and not all of them before the first one runs.
 */
async function compileAhead(): Promise<void> {
  setFlagsFromString('--wasm-lazy-validation');
  const { loadImage } = await import('../vfs-linux/image.ts');
  loadImage().catch(() => {});
}

async function run(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'mount' && !argv.includes('--foreground') && !argv.includes('--help')) {
    const { isDaemon, startDaemon } = await import('../daemon/daemon.ts');
    if (!isDaemon()) return startDaemon(argv);
  }
  if (!kernelless.has(argv[0] ?? '') && !argv.includes('--help')) await compileAhead();
  const { runProgram } = await import('./program.ts');
  return runProgram(argv);
}

if (Number(process.versions.node.split('.')[0]) < minNodeVersion) {
  process.stderr.write(
    `fsbridge: Node ${process.versions.node}: Node ${minNodeVersion} or later is needed ` +
      '(ERR_NODE_VERSION)\nInstall it from nodejs.org, or put a newer one first on the PATH.\n',
  );
  process.exitCode = 1;
} else {
  process.exit(await main());
}

/**
 * `npm run kernel`: builds build/fsbridge-kernel.wasm from Linux's source and native/.
 *
 * The image is kept in the user's cache under a key made of native/'s content, the source's
 * identity and the compiler's version; a second run with nothing changed only looks it up. The
 * kernel's tree stays in the cache as well, so that a change in native/arch compiles what it
 * touches and no more. As root on Debian what is missing is installed; elsewhere it is named.
 *
 *   FSBRIDGE_LINUX_SOURCE   another tarball (.tar.xz) or tree of Linux 6.12
 *   FSBRIDGE_CACHE          where to keep things (default ~/.cache/fsbridge)
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { emitAbi } from './kernel/abi.ts';
import { compileKernel, linkKernel, prepareTree } from './kernel/compile.ts';
import { fail, findLinuxSource, requireTools } from './kernel/requirements.ts';

const root: string = path.resolve(import.meta.dirname, '..');
const native: string = path.join(root, 'native');
const output: string = path.join(root, 'build', 'fsbridge-kernel.wasm');
const abiOutput: string = path.join(root, 'src', 'vfs-linux', 'abi.gen.ts');
/** Set where the lock is held. */
const lockedEnv = 'FSBRIDGE_BUILD_LOCKED';
const imageLimitBytes = 12 * 1024 * 1024;

function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache');
  return process.env['FSBRIDGE_CACHE'] ?? path.join(base, 'fsbridge');
}

/** Every file of native/, by its path and content. */
function nativeKey(): string {
  const hash = createHash('sha256');
  const names = fs.readdirSync(native, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  for (const file of files.map((f) => path.join(f.parentPath, f.name)).sort()) {
    hash
      .update(`${path.relative(native, file)}\0`)
      .update(fs.readFileSync(file))
      .update('\0');
  }
  hash.update(fs.readFileSync(path.join(import.meta.dirname, 'kernel', 'compile.ts')));
  return hash.digest('hex').slice(0, 24);
}

function install(image: string): void {
  fs.mkdirSync(path.dirname(output), { recursive: true });
  const partial = `${output}.${process.pid}`;
  fs.copyFileSync(image, partial);
  fs.renameSync(partial, output);
}

/**
 * Two builds in one tree destroy each other's files: the second waits. flock(1) holds the lock for a
 * process of its own, and lets go of it however that ends; where there is none, nothing is locked.
 */
function buildAlone(): void {
  if (process.env[lockedEnv] !== undefined) return;
  fs.mkdirSync(cacheFolder(), { recursive: true });
  const lock = path.join(cacheFolder(), 'build.lock');
  if (spawnSync('flock', ['--nonblock', lock, 'true']).status === 1) {
    console.log('Another build is under way; this one waits for it.');
  }
  const { status, error } = spawnSync('flock', [lock, process.execPath, import.meta.filename], {
    stdio: 'inherit',
    env: { ...process.env, [lockedEnv]: '1' },
  });
  if (error === undefined) process.exit(status ?? 1);
}

async function main(): Promise<void> {
  const stamp = path.join(path.dirname(output), 'kernel.key');
  const key = nativeKey();
  const source = process.env['FSBRIDGE_LINUX_SOURCE'] ?? '';
  const quick = `${key} ${source}`;
  if (fs.existsSync(output) && fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === quick) {
    console.log('The kernel image is up to date: build/fsbridge-kernel.wasm');
    return;
  }
  buildAlone();
  requireTools();
  const linux = findLinuxSource(source);
  const compiler = execFileSync('clang-19', ['--version'], { encoding: 'utf8' }).split('\n')[0];
  const image = path.join(
    cacheFolder(),
    'images',
    `${createHash('sha256').update(`${key} ${linux.identity} ${compiler}`).digest('hex')}.wasm`,
  );
  if (!fs.existsSync(image)) {
    console.log(`Building Linux ${linux.version} for WebAssembly from ${linux.path}`);
    const tree = prepareTree(linux, native, cacheFolder());
    await compileKernel(tree);
    fs.mkdirSync(path.dirname(image), { recursive: true });
    linkKernel(tree, native, `${image}.partial`);
    const { size } = fs.statSync(`${image}.partial`);
    console.log(`The image has ${(size / 1048576).toFixed(1)} MiB.`);
    if (size > imageLimitBytes) {
      fail(
        'the kernel image',
        `has ${size} bytes, of at most ${imageLimitBytes}`,
        'ERR_IMAGE_SIZE',
      );
    }
    fs.renameSync(`${image}.partial`, image);
  } else {
    console.log('Taking the kernel image out of the cache.');
  }
  install(image);
  const abi = await emitAbi(fs.readFileSync(output));
  if (!fs.existsSync(abiOutput) || fs.readFileSync(abiOutput, 'utf8') !== abi) {
    fs.writeFileSync(abiOutput, abi);
    console.log('src/vfs-linux/abi.gen.ts is written anew.');
  }
  fs.writeFileSync(stamp, quick);
  console.log('The kernel image is build/fsbridge-kernel.wasm');
}

await main();

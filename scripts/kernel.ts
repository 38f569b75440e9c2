/**
 * `npm run kernel`: puts the kernel image into build/fsbridge-kernel.wasm. Where prebuilt/ has the
 * image of this checkout's native/ it is unpacked, which needs nothing but Node. Else it is built
 * from Linux's source: the image and the kernel's tree stay in the user's cache, so that a change
 * of native/arch compiles only what it touches. As root on Debian this installs the missing tools;
 * elsewhere it names them.
 *
 *   npm run kernel                as above; does nothing if build/ is up to date
 *   npm run kernel -- --store     builds, and writes the image into prebuilt/: for the commit that
 *                                 changes native/
 *   npm run kernel -- --verify    builds from a clean tree and compares each byte with prebuilt/
 *
 *   FSBRIDGE_LINUX_SOURCE   another tarball (.tar.xz) or tree of Linux 6.12; always builds
 *   FSBRIDGE_CACHE          the cache's folder (default ~/.cache/fsbridge)
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { emitAbi } from './kernel/abi.ts';
import { buildImage } from './kernel/compile.ts';
import {
  type Manifest,
  native,
  nativeKey,
  readManifest,
  root,
  sha256,
  writePrebuilt,
  writeWhole,
} from './kernel/prebuilt.ts';
import {
  compilerVersion,
  fail,
  findLinuxSource,
  packageVersion,
  readOrFail,
  requireTools,
} from './kernel/requirements.ts';
import { verify } from './kernel/verify.ts';

const output: string = path.join(root, 'build', 'fsbridge-kernel.wasm');
/** Says which sources the image in build/ is of. */
const stamp: string = path.join(root, 'build', 'kernel.key');
const abiOutput: string = path.join(root, 'src', 'vfs-linux', 'abi.gen.ts');
/** Set in the process that has the lock. */
const lockedEnv = 'FSBRIDGE_BUILD_LOCKED';
const maxImageBytes = 12 * 1024 * 1024;

function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache');
  return process.env['FSBRIDGE_CACHE'] ?? path.join(base, 'fsbridge');
}

/**
 * Two builds in one tree would destroy each other's files, so the second one waits. flock(1) holds
 * the lock for a process of its own and releases it however that process ends. Without flock(1)
 * nothing is locked.
 */
function buildAlone(): void {
  if (process.env[lockedEnv] !== undefined) return;
  fs.mkdirSync(cacheFolder(), { recursive: true });
  const lock = path.join(cacheFolder(), 'build.lock');
  if (spawnSync('flock', ['--nonblock', lock, 'true']).status === 1) {
    console.log('Another build is running; this one waits for it.');
  }
  const again = [lock, process.execPath, import.meta.filename, ...process.argv.slice(2)];
  const { status, error } = spawnSync('flock', again, {
    stdio: 'inherit',
    env: { ...process.env, [lockedEnv]: '1' },
  });
  if (error === undefined) process.exit(status ?? 1);
}

/** Puts an image into build/, and its numbers into src/vfs-linux/abi.gen.ts. */
async function install(image: Buffer<ArrayBuffer>, text: string): Promise<void> {
  writeWhole(output, image);
  const abi = await emitAbi(image);
  if (!fs.existsSync(abiOutput) || fs.readFileSync(abiOutput, 'utf8') !== abi) {
    fs.writeFileSync(abiOutput, abi);
    console.log('src/vfs-linux/abi.gen.ts has changed.');
  }
  writeWhole(stamp, text);
  console.log('The kernel image is build/fsbridge-kernel.wasm');
}

/**
 * What the stamp of the right image says. Another version of Linux leaves the key as it is, so an
 * image of prebuilt/ is named by its checksum too.
 */
function stampText(manifest: Manifest | undefined, key: string, source: string): string {
  if (source !== '' || manifest?.key !== key) return `${key} ${source}`;
  return `${key} ${manifest.sha256}`;
}

/** Says why the image in prebuilt/ is not the right one, or returns undefined if it does. */
function whyBuild(manifest: Manifest | undefined, key: string, source: string): string | undefined {
  if (source !== '') return 'FSBRIDGE_LINUX_SOURCE names another source';
  if (manifest === undefined) return 'prebuilt/ has no kernel image';
  if (manifest.key === key) return undefined;
  return 'native/ or scripts/kernel/compile.ts has changed since the image in prebuilt/ was built';
}

/** Takes an image out of the cache, or builds it. */
async function build(key: string, source: string, store: boolean): Promise<Buffer<ArrayBuffer>> {
  requireTools();
  const linux = findLinuxSource(source);
  const compiler = compilerVersion();
  const name = sha256(`${key} ${linux.identity} ${compiler}`);
  const image = path.join(cacheFolder(), 'images', `${name}.wasm`);
  if (fs.existsSync(image)) {
    console.log('The cache has the kernel image.');
  } else {
    console.log(`Building Linux ${linux.version} for WebAssembly from ${linux.path}`);
    const partial = `${image}.partial`;
    await buildImage({ linux, native, folder: cacheFolder(), image: partial });
    const { size } = fs.statSync(partial);
    console.log(`The image has ${(size / 1048576).toFixed(1)} MiB.`);
    if (size > maxImageBytes) {
      const why = `has ${size} bytes; at most ${maxImageBytes} are allowed`;
      fail('the kernel image', why, 'ERR_IMAGE_SIZE');
    }
    fs.renameSync(partial, image);
  }
  const bytes = fs.readFileSync(image);
  if (store) {
    const { version, sha256: sum } = linux;
    const described = { version, package: packageVersion(linux), sha256: sum };
    storeImage(bytes, { key, linux: described, compiler });
  }
  return bytes;
}

function storeImage(image: Buffer, sources: Pick<Manifest, 'key' | 'linux' | 'compiler'>): void {
  const manifest = readManifest();
  const same = manifest?.key === sources.key && manifest.sha256 === sha256(image);
  if (same && manifest.compiler === sources.compiler) {
    console.log('prebuilt/ has this image already.');
    return;
  }
  console.log('Compressing the image into prebuilt/ ...');
  writePrebuilt(image, sources);
}

/**
 * Uses the image in build/ or in prebuilt/. Returns undefined, or the reason why neither is right
 * for the sources.
 */
async function takePrebuilt(key: string, source: string): Promise<string | undefined> {
  const manifest = readManifest();
  const text = stampText(manifest, key, source);
  const stamped = fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === text;
  if (stamped && fs.existsSync(output)) {
    // bin/fsbridge compares its time with that of prebuilt/kernel.json.
    fs.utimesSync(stamp, new Date(), new Date());
    console.log('The kernel image is up to date: build/fsbridge-kernel.wasm');
    return undefined;
  }
  const why = whyBuild(manifest, key, source);
  if (why === undefined && manifest !== undefined) {
    await install(readOrFail(manifest), text);
  }
  return why;
}

async function main(store: boolean): Promise<void> {
  const key = nativeKey();
  const source = process.env['FSBRIDGE_LINUX_SOURCE'] ?? '';
  const why = store ? '--store was given' : await takePrebuilt(key, source);
  if (why === undefined) return;
  if (store && source !== '' && fs.statSync(source).isDirectory()) {
    fail('--store', 'FSBRIDGE_LINUX_SOURCE is a tree; prebuilt/ needs a tarball', 'ERR_USAGE');
  }
  buildAlone();
  console.log(`The kernel image must be built: ${why}.`);
  const image = await build(key, source, store);
  await install(image, stampText(readManifest(), key, source));
}

const [mode, ...rest] = process.argv.slice(2);
if (rest.length > 0 || (mode !== undefined && mode !== '--store' && mode !== '--verify')) {
  console.error('fsbridge: npm run kernel: only --store or --verify is possible (ERR_USAGE)');
  process.exit(2);
}
if (mode === '--verify') {
  await verify(cacheFolder());
} else {
  await main(mode === '--store');
}

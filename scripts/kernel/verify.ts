/**
 * `npm run kernel -- --verify`: is the image in prebuilt/ the one that its sources make? Builds it
 * from a clean tree, with the same Linux and the same compiler, and compares byte by byte. Ends
 * with exit code 1, and with the command that mends it, where the answer is no.
 */
import fs from 'node:fs';
import path from 'node:path';
import { buildImage } from './compile.ts';
import { type Manifest, native, nativeKey, readManifest } from './prebuilt.ts';
import { compilerVersion, fail, findSameSource, readOrFail, requireTools } from './requirements.ts';

const subject = 'the kernel image in prebuilt/';
const mend: string = [
  'To mend this, build the image and commit it together with native/:',
  '  npm run kernel -- --store && git add prebuilt src/vfs-linux/abi.gen.ts',
].join('\n');

function requireManifest(): Manifest {
  const manifest = readManifest();
  if (manifest === undefined) fail(subject, 'is not there', 'ERR_NO_KERNEL_IMAGE', mend);
  if (manifest.key !== nativeKey()) {
    const why = 'is not that of native/ and scripts/kernel/compile.ts as they are';
    fail(subject, why, 'ERR_IMAGE_STALE', mend);
  }
  return manifest;
}

function requireCompiler(manifest: Manifest): void {
  requireTools();
  const compiler = compilerVersion();
  if (compiler === manifest.compiler) return;
  const why = `was compiled by ${manifest.compiler}, but here is ${compiler}`;
  fail(subject, why, 'ERR_COMPILER_VERSION', mend);
}

function compare(built: Uint8Array, kept: Uint8Array, file: string): void {
  const { length } = built;
  const same = Buffer.compare(built, kept) === 0;
  if (same) return;
  const first = built.findIndex((byte, at) => byte !== kept[at]);
  const where = first < 0 ? Math.min(length, kept.length) : first;
  const why = `differs from its sources' at byte ${where} (${kept.length} and ${length} bytes)`;
  fail(subject, why, 'ERR_IMAGE_DIFFERS', `The image just built is ${file}\n${mend}`);
}

/** Verifies the image; returns only if it is right. */
export async function verify(cache: string): Promise<void> {
  const manifest = requireManifest();
  const kept = readOrFail(manifest);
  requireCompiler(manifest);
  const source = process.env['FSBRIDGE_LINUX_SOURCE'] ?? '';
  const linux = findSameSource(source, manifest);
  console.log(`Building Linux ${linux.version} from a clean tree, to compare with prebuilt/ ...`);
  const started = performance.now();
  fs.mkdirSync(cache, { recursive: true });
  const folder = fs.mkdtempSync(path.join(cache, 'verify-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
  const image = path.join(folder, 'fsbridge-kernel.wasm');
  await buildImage({ linux, native, folder, image });
  const different = path.join(cache, 'verify-differs.wasm');
  fs.copyFileSync(image, different);
  compare(fs.readFileSync(image), kept, different);
  fs.rmSync(different);
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  console.log(`The image in prebuilt/ is the one that its sources make (${minutes} minutes).`);
}

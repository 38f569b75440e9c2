/**
 * The kernel image that the repository keeps, so that a fresh clone needs no compiler: prebuilt/
 * has it compressed, and beside it prebuilt/kernel.json, which says what it was built from. The
 * image is right for a checkout if its key is the key of the checkout's own sources.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

export const root: string = path.resolve(import.meta.dirname, '..', '..');
export const native: string = path.join(root, 'native');
const prebuilt: string = path.join(root, 'prebuilt');

/** What prebuilt/kernel.json says. */
export interface Manifest {
  /** nativeKey() of the sources that the image was built from. */
  readonly key: string;
  readonly linux: {
    readonly version: string;
    /** Version of Debian's package linux-source-6.12, or '' if the tarball is from elsewhere. */
    readonly package: string;
    /** SHA-256 of the tarball. */
    readonly sha256: string;
  };
  /** As /proc/version names the compiler and the linker. */
  readonly compiler: string;
  /** The image, not compressed. */
  readonly bytes: number;
  readonly sha256: string;
}

/** SHA-256 in hexadecimal digits. */
export function sha256(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/**
 * The key of an image's sources: path and content of each file of native/, and how they are
 * compiled. Times, owners and modes are not in it, nor is the version of Linux or of the compiler.
 */
export function nativeKey(
  folder: string = native,
  compiler: string = path.join(import.meta.dirname, 'compile.ts'),
): string {
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .map((name) => name.replaceAll(path.sep, '/'))
    .sort();
  const parts = files.flatMap((name) => [
    `${name}\0`,
    fs.readFileSync(path.join(folder, name)),
    '\0',
  ]);
  return sha256(...parts, fs.readFileSync(compiler)).slice(0, 24);
}

function files(folder: string): { manifest: string; image: string } {
  return {
    manifest: path.join(folder, 'kernel.json'),
    image: path.join(folder, 'fsbridge-kernel.wasm.br'),
  };
}

/** Says what the image in prebuilt/ was built from; undefined if there is none. */
export function readManifest(folder: string = prebuilt): Manifest | undefined {
  const { manifest, image } = files(folder);
  if (!fs.existsSync(manifest) || !fs.existsSync(image)) return undefined;
  return JSON.parse(fs.readFileSync(manifest, 'utf8')) as Manifest;
}

/** The image in prebuilt/. Throws an Error if it is not the one that the manifest describes. */
export function readImage(manifest: Manifest, folder: string = prebuilt): Buffer<ArrayBuffer> {
  const { image } = files(folder);
  const compressed = fs.readFileSync(image);
  let bytes: Buffer<ArrayBuffer>;
  try {
    bytes = zlib.brotliDecompressSync(compressed, { maxOutputLength: manifest.bytes });
  } catch (error) {
    throw new Error('is damaged: it cannot be decompressed', { cause: error });
  }
  if (sha256(bytes) !== manifest.sha256) {
    throw new Error('is damaged: its SHA-256 is not the one in kernel.json');
  }
  return bytes;
}

/** Writes a file so that nobody ever sees a part of it. */
export function writeWhole(file: string, content: string | Uint8Array): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}`;
  fs.writeFileSync(partial, content);
  fs.renameSync(partial, file);
}

/** Writes an image and its manifest into prebuilt/. Compressing takes half a minute. */
export function writePrebuilt(
  image: Uint8Array,
  sources: Pick<Manifest, 'key' | 'linux' | 'compiler'>,
  folder: string = prebuilt,
): void {
  const manifest: Manifest = { ...sources, bytes: image.length, sha256: sha256(image) };
  const { BROTLI_PARAM_LGWIN: window, BROTLI_PARAM_SIZE_HINT: size } = zlib.constants;
  const params = { [window]: zlib.constants.BROTLI_MAX_WINDOW_BITS, [size]: image.length };
  writeWhole(files(folder).image, zlib.brotliCompressSync(image, { params }));
  writeWhole(files(folder).manifest, `${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * Finds the kernel image and compiles it, once for a process: kernels booted later share the code.
 */
import fs from 'node:fs';
import path from 'node:path';
import { FsBridgeError } from '../errors.ts';

/** In a checkout this file is src/vfs-linux/image.ts, in a package dist/vfs-linux/image.js. */
const defaultImage: string = path.resolve(
  import.meta.dirname,
  '..',
  '..',
  'build',
  'fsbridge-kernel.wasm',
);

const compiled = new Map<string, Promise<WebAssembly.Module>>();

async function compile(file: string): Promise<WebAssembly.Module> {
  let bytes: Buffer<ArrayBuffer>;
  try {
    // In one synchronous call: asynchronous reads would wait for the rest of the start-up's work.
    bytes = fs.readFileSync(file);
  } catch (error) {
    throw new FsBridgeError(
      'ERR_NO_KERNEL_IMAGE',
      file,
      'the kernel image is not there',
      'In a checkout, `npm run kernel` builds it; an installed package always has it.',
      { cause: error },
    );
  }
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    const why = 'is not a kernel image that this Node can run';
    throw new FsBridgeError('ERR_KERNEL_IMAGE', file, why, 'Build or install it anew.', {
      cause: error,
    });
  }
}

/** The compiled image. Throws ERR_NO_KERNEL_IMAGE or ERR_KERNEL_IMAGE. */
export function loadImage(file: string = defaultImage): Promise<WebAssembly.Module> {
  let module = compiled.get(file);
  if (module === undefined) {
    module = compile(file);
    compiled.set(file, module);
    module.catch(() => compiled.delete(file));
  }
  return module;
}

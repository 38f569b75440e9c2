/**
 * Measures the time to boot and to read the first byte of a file. Each measurement runs in a new
 * process, because a process compiles the kernel's image only once. The host's cache holds all
 * files.
 *
 * `node bench/startup.ts IMAGE TYPE PATH` is that process.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { paths } from './image.ts';
import { median } from './measure.ts';

export interface Startup {
  /** Kernel.boot, with the compilation of the image, in milliseconds. */
  readonly bootMs: number;
  /** From before the boot to the first 4 KiB of a file on a read-only mount, in milliseconds. */
  readonly firstByteMs: number;
}

async function startOnce(image: string, type: string, path: string): Promise<Startup> {
  const { Kernel } = await import('../src/vfs-linux/kernel.ts');
  const { openFileSource } = await import('../src/block/file/file-source.ts');
  const { abi } = await import('../src/vfs-linux/abi.gen.ts');
  const startMs = performance.now();
  await using kernel = await Kernel.boot();
  const bootMs = performance.now() - startMs;
  const disk = await kernel.attach(await openFileSource(image, { write: false }));
  const { calls } = await kernel.mount({ device: disk.name, types: [type] });
  const fd = kernel.check(await calls.openat2(abi.AT_FDCWD, path, abi.O_RDONLY), path);
  kernel.check(await calls.pread(fd, Buffer.alloc(4096), 0), path);
  const firstByteMs = performance.now() - startMs;
  await calls.close(fd);
  return { bootMs, firstByteMs };
}

/** The medians over `count` processes. */
export function measureStartup(image: string, type: string, processes: number): Startup {
  const file = fileURLToPath(import.meta.url);
  const all = Array.from({ length: processes }, () => {
    const said = execFileSync(process.execPath, [file, image, type, paths.warm]);
    return JSON.parse(said.toString()) as Startup;
  });
  return {
    bootMs: median(all.map((one) => one.bootMs)),
    firstByteMs: median(all.map((one) => one.firstByteMs)),
  };
}

if (import.meta.main) {
  const [image, type, path] = process.argv.slice(2) as [string, string, string];
  process.stdout.write(JSON.stringify(await startOnce(image, type, path)));
}

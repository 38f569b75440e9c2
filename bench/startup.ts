/**
 * How long it takes to boot, and to the first byte of a file: in a process of its own each time,
 * for a kernel's image is compiled once a process. The host has everything in its cache.
 *
 * Run by itself (node bench/startup.ts IMAGE TYPE PATH) it is that process.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { paths } from './image.ts';
import { median } from './measure.ts';

export interface Startup {
  /** Kernel.boot, compiling included. */
  readonly bootMs: number;
  /** From before the boot to the first 4 KiB of a file, read-only mount included. */
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

/** The medians of so many processes. */
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

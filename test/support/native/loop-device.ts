/** Loop devices for tests. */
import { onTestFinished } from 'vitest';
import { run } from '../block.ts';
import { notLinux, notRoot } from '../needs.ts';

function whyNoLoopDevice(): string | undefined {
  if (notLinux !== undefined || notRoot !== undefined) return notLinux ?? notRoot;
  try {
    run('losetup', '--find');
    return undefined;
  } catch {
    return 'losetup finds no loop device';
  }
}

/** Why a test cannot attach loop devices; undefined where it can: as root on Linux. */
export const noLoop: string | undefined = whyNoLoopDevice();

/** Attaches the image and detaches it after the test; answers the path in /dev. */
export function attachLoop(image: string, ...options: string[]): string {
  const device = run('losetup', '--find', '--show', ...options, image);
  onTestFinished(() => {
    run('losetup', '--detach', device);
  });
  return device;
}

/** Loop devices for tests. */
import { onTestFinished } from 'vitest';
import { run } from '../block.ts';

function hasLoopDevices(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    run('losetup', '--find');
    return true;
  } catch {
    return false;
  }
}

/** Whether a test may attach loop devices: as root on Linux, where losetup finds one. */
export const canUseLoop: boolean = hasLoopDevices();

if (!canUseLoop) console.info('Tests with loop devices are skipped: they need root and losetup.');

/** Attaches the image and detaches it after the test; answers the path in /dev. */
export function attachLoop(image: string, ...options: string[]): string {
  const device = run('losetup', '--find', '--show', ...options, image);
  onTestFinished(() => {
    run('losetup', '--detach', device);
  });
  return device;
}

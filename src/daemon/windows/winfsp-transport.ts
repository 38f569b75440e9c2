/** WinFsp for the command line: the meaning of its options there. */
import path from 'node:path';
import type { EngineOptions } from '../../fsbridge/options.ts';
import { interrupt } from '../../host/interrupt.ts';
import { checkLetterFree, type DrivePlace, elevatedPlace } from '../../winfsp/drive-letter.ts';
import { mountWinFsp } from '../../winfsp/mount.ts';
import { loadDriveLetters } from '../../winfsp/native/drive-letters.ts';
import { Tokens } from '../../winfsp/native/tokens.ts';
import type { MountCommandOptions } from '../mount-command-options.ts';
import type { Transport } from '../transport.ts';

/** The exit code that shells give a program that Ctrl-C ended. */
const interruptedCode = 130;

function engineOptions(options: MountCommandOptions): EngineOptions {
  const { permissions, label, uidMap } = options;
  return {
    ...(permissions === undefined ? {} : { permissions }),
    ...(label === undefined ? {} : { label }),
    ...(uidMap === undefined ? {} : { uidMap }),
    ...(options.case === undefined ? {} : { caseSensitive: options.case === 'sensitive' }),
  };
}

/** "l:" and "l:\" become "L:"; "*", \\.\L: and shares stay; a folder gets its full name. */
export function windowsTarget(target: string): string {
  const letter = /^(\\\\\.\\)?([A-Za-z]:)\\?$/.exec(target);
  if (letter !== null) return `${letter[1] ?? ''}${(letter[2] as string).toUpperCase()}`;
  if (target === '*' || target === '*:' || target.startsWith('\\\\')) return target;
  return path.win32.resolve(target);
}

async function placeOf(target: string, network: boolean): Promise<DrivePlace> {
  const tokens = await Tokens.load();
  if (!tokens.isElevated()) return { place: target };
  return elevatedPlace(target, network, await loadDriveLetters(''));
}

export const winFspTransport: Transport = {
  name: 'winfsp',
  ignores: ['allowOther', 'hostOptions'],
  async prepareTarget(target) {
    const full = windowsTarget(target);
    checkLetterFree(full, await loadDriveLetters(''));
    return full;
  },
  async mount(volume, { target, options }) {
    const network = options.network ?? false;
    const { place, note } = await placeOf(target, network);
    const mount = await mountWinFsp(volume, place, {
      engine: engineOptions(options),
      network,
      onConsoleEvent: () => interrupt(interruptedCode),
    });
    return {
      // The name by which programs know the drive; \\.\L: stays where the user wrote it.
      mountPoint: place === target ? mount.mountPoint : mount.mountPoint.replace('\\\\.\\', ''),
      ...(note === undefined ? {} : { note }),
      ended: mount.ended,
      statistics: () => mount.statistics(),
      async unmount() {
        // Windows removes a drive even while programs use it.
        await mount.unmount();
        return 'ended';
      },
    };
  },
};

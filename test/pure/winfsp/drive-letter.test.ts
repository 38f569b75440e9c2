/** Drive letters: one in use is refused. */
import { expect, test } from 'vitest';
import { checkLetterFree, type DriveLetters } from '../../../src/winfsp/drive-letter.ts';

const withTaken = (...taken: readonly string[]): DriveLetters => ({
  isTaken: (drive) => taken.includes(drive),
  logicalDrives: () => taken.reduce((bits, drive) => bits | (1 << (drive.charCodeAt(0) - 65)), 0),
});

test.each(['C:', 'c:', '\\\\.\\C:', 'N:'])('%s is refused while the letter is in use', (place) => {
  expect(() => checkLetterFree(place, withTaken('C:', 'N:'))).toThrow(
    expect.objectContaining({ code: 'ERR_DRIVE_IN_USE', what: place }),
  );
});

test('a free letter, a folder on a drive, a share and * are accepted', () => {
  for (const place of ['L:', '\\\\.\\L:', 'C:\\linux', '\\\\.\\C:\\linux', '*', '*:']) {
    checkLetterFree(place, withTaken('C:'));
  }
});

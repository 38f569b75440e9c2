/** Drive letters: one in use is refused, and an elevated process makes one for all users. */
import { expect, test } from 'vitest';
import {
  checkLetterFree,
  type DriveLetters,
  elevatedPlace,
} from '../../../src/winfsp/drive-letter.ts';

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

test('an elevated process makes a letter that all users see, and says so', () => {
  const all = { note: expect.stringMatching(/all users/) };
  const place = (target: string): unknown => elevatedPlace(target, false, withTaken('C:', 'Z:'));
  expect(place('L:')).toEqual({ place: '\\\\.\\L:', ...all });
  expect(place('*')).toEqual({ place: '\\\\.\\Y:', ...all });
  for (const target of ['\\\\.\\L:', 'C:\\linux', '\\\\fsbridge\\disk']) {
    expect(place(target)).toEqual({ place: target });
  }
});

test('the letter of a network drive stays as it is, and it is said who sees it', () => {
  const note = expect.stringMatching(/only elevated programs/);
  expect(elevatedPlace('N:', true, withTaken())).toEqual({ place: 'N:', note });
});

test('* is refused where no letter is free', () => {
  const all = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].map((letter) => `${letter}:`);
  expect(() => elevatedPlace('*', false, withTaken(...all))).toThrow(
    expect.objectContaining({ code: 'ERR_DRIVE_IN_USE', why: 'no letter is free' }),
  );
});

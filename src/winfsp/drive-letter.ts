/**
 * Drive letters: whether one may be used, and in which form an elevated process must ask for it.
 *
 * Source: WinFsp's dll/mount.c. FspMountSet_Drive calls DefineDosDeviceW, which puts the new
 * definition in front of an existing one, C: included; so the caller must look first (dll/fs.c,
 * FspFileSystemPreflight).
 */
import { letterInUse } from './mount-point.ts';

/** What this process can know of the letters. */
export interface DriveLetters {
  /** Whether a name such as "L:" is a disk, a network drive or a substituted folder. */
  isTaken(drive: string): boolean;
  /** Bit 0 is A:. */
  logicalDrives(): number;
}

/** Throws ERR_DRIVE_IN_USE where the place is a letter ("L:" or "\\.\L:") that is in use. */
export function checkLetterFree(place: string, letters: DriveLetters): void {
  const letter = /^(?:\\\\\.\\)?([A-Z]:)$/i.exec(place)?.[1];
  if (letter !== undefined && letters.isTaken(letter.toUpperCase())) {
    throw letterInUse(place, 'the letter is in use');
  }
}

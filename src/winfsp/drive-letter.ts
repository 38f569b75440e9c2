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

export interface DrivePlace {
  /** As mountWinFsp wants it. */
  readonly place: string;
  /** What the user must know about it. */
  readonly note?: string;
}

/**
 * Where an elevated process mounts. A plain letter exists in the caller's logon session alone, and
 * an elevated token has another session than Explorer, so "L:" and "*" become "\\.\L:", which the
 * mount manager makes for all users (WinFsp's issues 194 and 526). It has no network drives.
 * Throws ERR_DRIVE_IN_USE where no letter is free.
 */
export function elevatedPlace(target: string, network: boolean, letters: DriveLetters): DrivePlace {
  const isAny = target === '*' || target === '*:';
  if (!isAny && !/^[A-Z]:$/.test(target)) return { place: target };
  if (network) {
    const note = 'only elevated programs see the letter, as this prompt is elevated';
    return { place: target, note };
  }
  const drive = isAny ? freeDrive(letters) : target;
  return {
    place: `\\\\.\\${drive}`,
    note: 'all users see the letter, as this prompt is elevated',
  };
}

/** The last free letter, as WinFsp chooses for "*:"; A: to C: are never chosen. */
function freeDrive(letters: DriveLetters): string {
  const taken = letters.logicalDrives();
  for (const letter of 'ZYXWVUTSRQPONMLKJIHGFED') {
    const isListed = (taken & (1 << (letter.charCodeAt(0) - 65))) !== 0;
    if (!isListed && !letters.isTaken(`${letter}:`)) return `${letter}:`;
  }
  throw letterInUse('*', 'no letter is free');
}

/**
 * Mount points: which texts are allowed, and what an error of Windows means for one.
 *
 *     L: or *         a letter, or the next free one; for this logon session alone
 *     \\.\L:          a letter for all users, by the mount manager: needs an administrator
 *     C:\linux        a folder that does not exist yet, on NTFS; \\.\C:\linux by the mount manager
 *     \\fsbridge\name a share, without a letter
 */
import { FsBridgeError } from '../errors.ts';
import { type NtStatus, ntStatusName, STATUS } from '../fsbridge/translate/ntstatus.ts';

/** The server's name in \\fsbridge\name. */
const server = 'fsbridge';
const maxShareUnits = 80;

export interface MountPoint {
  /** As FspMountSet wants it; undefined where there is only the share. */
  readonly place: string | undefined;
  /** \fsbridge\name for the driver; empty for a disk. */
  readonly prefix: string;
}

/** The text as a share's name, without the characters that NTFS forbids. */
function shareName(text: string): string {
  // With a control character the driver would refuse the whole volume.
  const kept = [...text].filter((char) => char >= ' ' && !'"*/:<>?\\|'.includes(char)).join('');
  return kept.trim().slice(0, maxShareUnits) || 'linux';
}

/**
 * Parses a mount point. `share` is NAME in \\fsbridge\NAME for a network drive that has a letter.
 * Throws ERR_MOUNT_POINT.
 */
export function parseMountPoint(text: string, network: boolean, share: string): MountPoint {
  const prefix = network ? `\\${server}\\${shareName(share)}` : '';
  if (text === '*' || text === '*:') return { place: '*:', prefix };
  const letter = /^(\\\\\.\\)?([A-Za-z]):?\\?$/.exec(text);
  if (letter !== null) {
    return { place: `${letter[1] ?? ''}${(letter[2] as string).toUpperCase()}:`, prefix };
  }
  const unc = /^\\\\([^\\.?][^\\]*)\\([^\\]+)\\?$/.exec(text);
  if (unc !== null)
    return { place: undefined, prefix: `\\${server}\\${shareName(unc[2] as string)}` };
  if (/^(\\\\\.\\)?[A-Za-z]:\\./.test(text)) {
    if (!network) return { place: text.replace(/\\+$/, ''), prefix };
    throw mountPointError(text, 'a network drive has a letter or a share, but no folder');
  }
  throw mountPointError(text, 'that is no place for a drive');
}

function mountPointError(text: string, why: string): FsBridgeError {
  const advice = 'Name a letter (L:), * for the next free one, or a folder that does not exist.';
  return new FsBridgeError('ERR_MOUNT_POINT', text, why, advice);
}

/** The error for a status of FspMountSet. */
export function mountError(place: string, status: NtStatus): FsBridgeError {
  const isGlobal = place.startsWith('\\\\.\\');
  const isFolder = /[A-Za-z]:\\./.test(place);
  switch (status) {
    case STATUS.OBJECT_NAME_COLLISION:
      return isFolder
        ? new FsBridgeError('EEXIST', place, 'it exists already', 'Name a folder that does not.')
        : letterInUse(place, 'the letter is in use');
    case STATUS.NO_SUCH_DEVICE:
      return place.startsWith('*')
        ? letterInUse(place, 'no letter is free')
        : new FsBridgeError('ERR_MOUNT_POINT', place, 'nothing can be mounted there', folderAdvice);
    case STATUS.ACCESS_DENIED:
      return new FsBridgeError(
        'EACCES',
        place,
        isGlobal ? 'a letter for all users needs an administrator' : 'Windows refuses',
        isGlobal ? 'Run it from an elevated prompt, or use a plain letter.' : folderAdvice,
      );
    case STATUS.OBJECT_NAME_NOT_FOUND:
    case STATUS.OBJECT_PATH_NOT_FOUND:
      return new FsBridgeError('ENOENT', place, 'there is no such folder above it', folderAdvice);
    default:
      return new FsBridgeError(
        'ERR_MOUNT_POINT',
        place,
        `Windows says ${ntStatusName(status)}`,
        folderAdvice,
      );
  }
}

const folderAdvice =
  'A folder must be new, on an NTFS drive, where you may write; or use a letter.';

/** The error for a letter that is taken, or for `*` where none is free. */
export function letterInUse(place: string, why: string): FsBridgeError {
  const advice = 'Use another one, or * for the next that is free; `net use` lists network drives.';
  return new FsBridgeError('ERR_DRIVE_IN_USE', place, why, advice);
}

/** The error for a status of FspFsctlCreateVolume. */
export function volumeError(prefix: string, status: NtStatus): FsBridgeError {
  if (status === STATUS.OBJECT_NAME_COLLISION && prefix !== '') {
    const why = 'another drive has that share';
    return new FsBridgeError('ERR_DRIVE_IN_USE', `\\${prefix}`, why, 'Give it another --label.');
  }
  if (status === STATUS.NO_SUCH_DEVICE || status === STATUS.OBJECT_NAME_NOT_FOUND) {
    const why = 'its driver is not running';
    const advice = 'Install WinFsp 2.2 or later again, or start its service: sc start WinFsp.';
    return new FsBridgeError('ERR_WINFSP_DRIVER', 'WinFsp', why, advice);
  }
  const why = `its driver did not make a volume: ${ntStatusName(status)}`;
  return new FsBridgeError('ERR_WINFSP_DRIVER', 'WinFsp', why, 'Restart Windows, and try again.');
}

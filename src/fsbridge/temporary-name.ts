/** Names for inodes that are made next to a file and then take its place. */
import { randomBytes } from 'node:crypto';

/** A name that is not in use; a crash between making and renaming leaves it behind. */
export function temporaryName(): string {
  return `.fsbridge-${randomBytes(8).toString('hex')}`;
}

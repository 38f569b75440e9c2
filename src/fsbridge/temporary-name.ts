/** Names for what is made beside a file and then takes its place. */
import { randomBytes } from 'node:crypto';

/** A name that nobody has; a crash between making and renaming leaves it behind. */
export function temporaryName(): string {
  return `.fsbridge-${randomBytes(8).toString('hex')}`;
}

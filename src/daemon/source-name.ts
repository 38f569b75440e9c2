/** The full name of a source. */
import path from 'node:path';

/**
 * A name that means the same in any folder. Names of Windows' devices (\\.\PhysicalDrive1,
 * \\?\Volume{…}) stay as they are: path.resolve would put a backslash behind them.
 */
export function sourceName(source: string): string {
  return /^\\\\[.?]\\/.test(source) ? source : path.resolve(source);
}

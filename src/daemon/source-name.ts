/** A source's full name. */
import path from 'node:path';

/**
 * The name that means the same from any folder; names of Windows' devices (\\.\PhysicalDrive1,
 * \\?\Volume{…}) are full already, and path.resolve would put a backslash behind them.
 */
export function sourceName(source: string): string {
  return /^\\\\[.?]\\/.test(source) ? source : path.resolve(source);
}

/**
 * Numbers and times for people, and the sizes that people type. Units are Linux's: 1 KiB = 1024.
 */
import { FsBridgeError } from '../errors.ts';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** "512 B", "1.0 KiB", "12.3 GiB". */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.95 would be rounded to 1024.0.
  while (Math.abs(value) >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${units[unit]}`;
}

/** The part in whole percent, rounded up as df(1) does; "-" where the whole is 0. */
export function formatPercent(part: number, whole: number): string {
  return whole <= 0 ? '-' : `${Math.ceil((part / whole) * 100)}%`;
}

/**
 * The bytes of "256M", "1G", "3.5G", "1048576", "64 MiB". Throws ERR_USAGE for anything else;
 * `what` is the option's name.
 */
export function parseSize(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  const [, number, unit] = match ?? [];
  if (number === undefined || unit === undefined) {
    const advice = 'Write a number with K, M or G behind it, such as 512M.';
    throw new FsBridgeError('ERR_USAGE', what, `"${text}" is not a size`, advice);
  }
  const power = unit === '' ? 0 : 'KMGT'.indexOf(unit.toUpperCase()) + 1;
  return Math.floor(Number(number) * 1024 ** power);
}

/** The permissions of "755", "0755" or "0o755". Throws ERR_USAGE for anything else. */
export function parseMode(text: string, what: string): number {
  const match = /^(?:0o)?([0-7]{1,5})$/.exec(text);
  const mode = Number.parseInt(match?.[1] ?? '', 8);
  if (!(mode >= 0 && mode <= 0o7777)) {
    const advice = 'Write it in octal, such as 755.';
    throw new FsBridgeError('ERR_USAGE', what, `"${text}" is not a mode`, advice);
  }
  return mode;
}

/** "2026-11-21 23:05" in local time; the bare seconds for a time that Date cannot express. */
export function formatTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return `@${seconds}`;
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** "3 files", "1 file". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`;
}

/**
 * Rows in columns two spaces apart. `right` has the indexes of the columns that are aligned right.
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number> = new Set(),
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      right.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    );
    return cells.join('  ').trimEnd();
  });
}

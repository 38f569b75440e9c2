/**
 * The targets of symbolic links, between Linux's bytes and Windows's substitute names.
 *
 * Invariant: linuxTargetOf(windowsTargetOf(t)) is t, for every target t without runs of slashes
 * (they become one slash, which is the same path to Linux).
 */
import { Buffer } from 'node:buffer';
import { maxLinuxNameBytes, toLinuxName, toWindowsName } from './names.ts';

export interface WindowsTarget {
  /** What Windows follows. */
  readonly substituteName: string;
  /** What it shows. */
  readonly printName: string;
  /**
   * SYMLINK_FLAG_RELATIVE: relative to the link's directory, or with "\" in front to the volume.
   */
  readonly isRelative: boolean;
}

const slash = 0x2f;
const ntPrefix = '\\??\\';
/** The same on Linux: a directory that is not there. */
const linuxNtPrefix = '/??/';
const uncPrefix = 'UNC\\';

/** The names that a target on Linux goes through; an empty one at the end is a slash at the end. */
function components(target: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at <= target.length; at++) {
    if (at < target.length && target[at] !== slash) continue;
    if (at > start) parts.push(target.subarray(start, at));
    start = at + 1;
  }
  if (target.length > 0 && target.at(-1) === slash) parts.push(target.subarray(target.length));
  return parts;
}

const componentOf = (name: Uint8Array): string => (name.length === 0 ? '' : toWindowsName(name));

/** What Windows has for a target as readlink(2) gives it. */
export function windowsTargetOf(target: Uint8Array): WindowsTarget {
  const bytes = Buffer.from(target.buffer, target.byteOffset, target.length);
  const off = offVolumeTarget(bytes);
  if (off !== undefined) return off;
  const path = components(bytes).map(componentOf).join('\\');
  const text = bytes[0] === slash && path !== '' ? `\\${path}` : bytes[0] === slash ? '\\' : path;
  return { substituteName: text, printName: text, isRelative: true };
}

/** A target that came from another volume of Windows goes back there as it was. */
function offVolumeTarget(target: Buffer): WindowsTarget | undefined {
  const text = target.toString('utf8');
  if (!text.startsWith(linuxNtPrefix) || text.length === linuxNtPrefix.length) return undefined;
  // Only what linuxTargetOf writes; anything else is a path on this volume, if an odd one.
  if (text.includes('\ufffd') || text.includes('\\') || text.includes('//')) return undefined;
  const path = text.slice(linuxNtPrefix.length).replaceAll('/', '\\');
  const printName = path.startsWith(uncPrefix) ? `\\\\${path.slice(uncPrefix.length)}` : path;
  return { substituteName: ntPrefix + path, printName, isRelative: false };
}

/** Linux's target for a substitute name; undefined for one that no Linux path can be. */
export function linuxTargetOf(substituteName: string, isRelative: boolean): Buffer | undefined {
  if (substituteName === '') return undefined;
  return isRelative ? onVolume(substituteName) : offVolume(substituteName);
}

function onVolume(name: string): Buffer | undefined {
  const parts: Buffer[] = [];
  const components = name.split(/[\\/]/);
  for (const [index, component] of components.entries()) {
    const linux = linuxComponent(component);
    if (linux === undefined) return undefined;
    // Runs of separators are one; the first and the last mean something.
    const isEdge = index === 0 || index === components.length - 1;
    if (component === '' && !isEdge) continue;
    if (parts.length > 0) parts.push(Buffer.of(slash));
    parts.push(linux);
  }
  return Buffer.concat(parts);
}

function linuxComponent(component: string): Buffer | undefined {
  if (component === '' || component === '.' || component === '..') return Buffer.from(component);
  return toLinuxName(component, maxLinuxNameBytes);
}

function offVolume(name: string): Buffer | undefined {
  if (!name.startsWith(ntPrefix) || !name.isWellFormed() || name.includes('/')) return undefined;
  const path = name.slice(ntPrefix.length).replaceAll(/\\+/g, '/');
  return path === '' ? undefined : Buffer.from(linuxNtPrefix + path);
}

/** Where something is in a tree that is walked by descriptors: for paths in results and errors. */
import { Buffer } from 'node:buffer';
import type { PathLike } from '../vfs-linux/names.ts';

/** A name, and what it is in; undefined above where the walk began. Linked: depth costs nothing. */
export interface Place {
  readonly name: PathLike;
  readonly above: Place | undefined;
}

const slash: Buffer = Buffer.from('/');

/** The names from where the walk began down to the place, joined with slashes. */
export function pathOf(place: Place | undefined): Buffer {
  const parts: Buffer[] = [];
  for (let at = place; at !== undefined; at = at.above) {
    const name = Buffer.from(at.name);
    if (parts.length > 0 && name.at(-1) !== slash[0]) parts.push(slash);
    parts.push(name);
  }
  return Buffer.concat(parts.reverse());
}

/**
 * The names in one directory of a volume that does not tell case apart.
 *
 * Linux's directory may hold "Makefile" and "makefile". Windows takes two names that differ in case
 * alone for one file, so only one of them can keep its name: the first in the order of their bytes.
 * The others are shown with their number, "makefile~2", in front of the extension. The number goes
 * on where such a name is taken, so a shown name leads to one file, and each file has one.
 *
 * Invariant: the names here are those in the directory, as long as every change of the directory
 * goes through `add` and `remove`.
 */
import { Buffer } from 'node:buffer';
import { foldName } from './translate/names.ts';

export interface NamedEntry {
  /** As Windows sees it. */
  readonly shown: string;
  readonly linuxName: Uint8Array;
}

export class FoldedNames {
  /** All that have the same folded name; those of several in the order of their bytes. */
  #groups = new Map<string, NamedEntry[]>();
  #several = new Set<NamedEntry[]>();
  /** Second and later members of a group, by the folded form of what they are shown as. */
  #numbered = new Map<string, NamedEntry>();
  #numberedByLinuxName = new Map<string, string>();
  #numbersAreRight = true;

  /** What a name from Windows means here. */
  find(name: string): NamedEntry | undefined {
    const folded = foldName(name);
    this.#numberAll();
    return this.#groups.get(folded)?.[0] ?? this.#numbered.get(folded);
  }

  /** `plain` is the name that Windows would see if nothing collided with it. */
  add(plain: string, linuxName: Uint8Array): void {
    const folded = foldName(plain);
    const group = this.#groups.get(folded);
    if (group === undefined) {
      this.#groups.set(folded, [{ shown: plain, linuxName }]);
      if (this.#numbered.has(folded)) this.#numbersAreRight = false;
      return;
    }
    if (group.some((entry) => compare(entry, linuxName) === 0)) return;
    group.push({ shown: plain, linuxName });
    group.sort((a, b) => compare(a, b.linuxName));
    this.#several.add(group);
    this.#numbersAreRight = false;
  }

  remove(plain: string, linuxName: Uint8Array): void {
    const folded = foldName(plain);
    const group = this.#groups.get(folded);
    const at = group?.findIndex((entry) => compare(entry, linuxName) === 0) ?? -1;
    if (group === undefined || at < 0) return;
    if (group.length > 1) this.#numbersAreRight = false;
    group.splice(at, 1);
    if (group.length === 0) this.#groups.delete(folded);
    if (group.length < 2) this.#several.delete(group);
  }

  /** What an entry of the directory is shown as. */
  shownAs(plain: string, linuxName: Uint8Array): string {
    if (this.#several.size === 0) return plain;
    this.#numberAll();
    return this.#numberedByLinuxName.get(key(linuxName)) ?? plain;
  }

  #numberAll(): void {
    if (this.#numbersAreRight) return;
    this.#numbersAreRight = true;
    this.#numbered.clear();
    this.#numberedByLinuxName.clear();
    for (const group of this.#several) {
      let number = 2;
      for (const { shown: plain, linuxName } of group.slice(1)) {
        let shown = withNumber(plain, number++);
        while (this.#groups.has(foldName(shown)) || this.#numbered.has(foldName(shown))) {
          shown = withNumber(plain, number++);
        }
        this.#numbered.set(foldName(shown), { shown, linuxName });
        this.#numberedByLinuxName.set(key(linuxName), shown);
      }
    }
  }
}

/** "makefile~2", "readme~2.txt". */
function withNumber(name: string, number: number): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? `${name.slice(0, dot)}~${number}${name.slice(dot)}` : `${name}~${number}`;
}

function key(linuxName: Uint8Array): string {
  return bytes(linuxName).toString('latin1');
}

function compare(entry: NamedEntry, linuxName: Uint8Array): number {
  return Buffer.compare(bytes(entry.linuxName), bytes(linuxName));
}

function bytes(name: Uint8Array): Buffer {
  return Buffer.from(name.buffer, name.byteOffset, name.length);
}

/**
 * What Windows' names mean in the directories of a volume, and what names look like to Windows: the
 * rules of case, and the names that are known to be absent.
 *
 * On a volume that tells case apart a name is translated and looked up. On one that does not, the
 * directory is read once (FoldedNames), and every change that the engine makes is noted here.
 */
import type { HitRatio } from '../cache/answer-cache.ts';
import { NegativeNames } from '../cache/negative-names.ts';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import { type Errno, isErrno, negative } from '../vfs-linux/errno.ts';
import type { Fcb } from './fcb.ts';
import { FoldedNames } from './folded-names.ts';
import { toLinuxName, toWindowsName } from './translate/names.ts';

/** A name as the kernel takes it. */
export type LinuxName = Uint8Array;

/** What a Windows name means in a directory, as far as that is known without the kernel. */
export interface Meaning {
  /** False: the name is absent. True: the kernel has to be asked. */
  readonly exists: boolean;
  readonly shown: string;
  readonly linuxName: LinuxName;
}

interface NameRules {
  readonly caseSensitive: boolean;
  /** The longest name that the file system takes. */
  readonly maxBytes: number;
}

export class DirectoryNames {
  readonly caseSensitive: boolean;
  #calls: LinuxCalls;
  #closeFd: (fd: Fd) => void;
  #maxBytes: number;
  #absent = new NegativeNames();

  constructor(calls: LinuxCalls, closeFd: (fd: Fd) => void, rules: NameRules) {
    this.#calls = calls;
    this.#closeFd = closeFd;
    this.caseSensitive = rules.caseSensitive;
    this.#maxBytes = rules.maxBytes;
  }

  get hitRatio(): HitRatio {
    return this.#absent.hitRatio;
  }

  /** The bytes of a name from Windows; undefined where Linux can have no such name. */
  toLinux(name: string): LinuxName | undefined {
    return toLinuxName(name, this.#maxBytes);
  }

  /** What a name from Windows means in a directory. */
  find(dir: Fcb, name: string): Meaning | Errno | Promise<Meaning | Errno> {
    const linuxName = this.toLinux(name);
    if (!this.caseSensitive) return this.#findFolded(dir, name, linuxName);
    if (linuxName === undefined) return negative(errno.EILSEQ);
    return { exists: !this.#absent.isAbsent(dir.key, name), shown: name, linuxName };
  }

  async #findFolded(
    dir: Fcb,
    name: string,
    linuxName: LinuxName | undefined,
  ): Promise<Meaning | Errno> {
    const folded = await this.folded(dir);
    if (isErrno(folded)) return folded;
    const entry = folded.find(name);
    if (entry !== undefined) {
      return { exists: true, shown: entry.shown, linuxName: entry.linuxName };
    }
    if (linuxName === undefined) return negative(errno.EILSEQ);
    // The kernel is asked all the same: something outside of this engine may have made the name.
    return { exists: true, shown: name, linuxName };
  }

  /** How Windows sees an entry of a directory. */
  async shownName(dir: Fcb, linuxName: LinuxName): Promise<string> {
    const plain = toWindowsName(linuxName);
    if (this.caseSensitive) return plain;
    const folded = await this.folded(dir);
    return isErrno(folded) ? plain : folded.shownAs(plain, linuxName);
  }

  /** The names of a directory by their folded form, read when first needed. */
  async folded(dir: Fcb): Promise<FoldedNames | Errno> {
    if (dir.folded !== undefined) return dir.folded;
    dir.folded = this.#read(dir);
    const read = await dir.folded;
    dir.folded = isErrno(read) ? undefined : read;
    return read;
  }

  async #read(dir: Fcb): Promise<FoldedNames | Errno> {
    const fd = await this.#calls.reopen(dir.handle, abi.O_RDONLY | abi.O_DIRECTORY);
    if (isErrno(fd)) return fd;
    const names = new FoldedNames();
    try {
      for (;;) {
        const entries = await this.#calls.getdents64(fd);
        if (isErrno(entries)) return entries;
        if (entries.length === 0) return names;
        for (const { name } of entries) names.add(toWindowsName(name), name);
      }
    } finally {
      this.#closeFd(fd);
    }
  }

  /** Taken before the kernel is asked for a name, for `noteAbsent`. */
  mark(): number {
    return this.#absent.mark();
  }

  /** The kernel, asked after `mark`, said that there is no such name. */
  noteAbsent(dir: Fcb, name: string, mark: number): void {
    this.#absent.add(dir.key, name, mark);
  }

  /** A name has come into a directory: `name` as Windows has it. */
  noteAppeared(dir: Fcb, name: string, linuxName: LinuxName): void {
    this.#absent.appeared(dir.key, name);
    changeFolded(dir, (names) => names.add(toWindowsName(linuxName), linuxName));
  }

  noteVanished(dir: Fcb, linuxName: LinuxName): void {
    changeFolded(dir, (names) => names.remove(toWindowsName(linuxName), linuxName));
  }
}

/** Names that are being read get the change when they are there; a second time does no harm. */
function changeFolded({ folded }: Fcb, change: (names: FoldedNames) => void): void {
  if (folded === undefined) return;
  if (folded instanceof FoldedNames) change(folded);
  else void folded.then((names) => isErrno(names) || change(names));
}

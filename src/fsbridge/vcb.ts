/**
 * A mounted volume as the engine sees it (NT's volume control block): what every request needs.
 */
import { Buffer } from 'node:buffer';
import { NegativeNames } from '../cache/negative-names.ts';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls, OpenedStatx } from '../vfs-linux/calls.ts';
import { type Errno, isErrno, negative } from '../vfs-linux/errno.ts';
import type { FileSystemTraits } from '../vfs-linux/file-system-traits.ts';
import type { Finding } from '../vfs-linux/found.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { mountingToken } from './access.ts';
import { DirectoryReader } from './directory-reader.ts';
import { noteXattrs } from './eas.ts';
import type { Fcb } from './fcb.ts';
import { FcbTable } from './fcb-table.ts';
import type { FileObject } from './file-object.ts';
import { FoldedNames } from './folded-names.ts';
import type { EngineOptions } from './options.ts';
import { Descriptors, sidMapOf } from './permissions.ts';
import type { AccessToken, Privilege } from './security/access-check.ts';
import { DOSATTRIB_XATTR } from './translate/dos-attrib.ts';
import { toLinuxName, toWindowsName } from './translate/names.ts';

/** A name as the kernel takes it. */
export type LinuxName = Uint8Array;

/** What a Windows name means in a directory, as far as that is known without the kernel. */
export interface Meaning {
  /** False: nothing is there. True: ask the kernel. */
  readonly exists: boolean;
  readonly shown: string;
  readonly linuxName: LinuxName;
}

export type Options = Required<Omit<EngineOptions, 'mountingUserSid' | 'label' | 'serialNumber'>> &
  Pick<EngineOptions, 'mountingUserSid' | 'label' | 'serialNumber'>;

interface VcbParts {
  volume: Volume;
  options: Options;
  creating: LinuxCalls;
  nameMostBytes: number;
  hasXattrs: boolean;
  traits: FileSystemTraits;
}

function privilegesOf(which: number): ReadonlySet<Privilege> {
  const privileges = new Set<Privilege>(['SeChangeNotifyPrivilege']);
  if ((which & 1) !== 0) privileges.add('SeBackupPrivilege');
  if ((which & 2) !== 0) privileges.add('SeRestorePrivilege');
  return privileges;
}

export class Vcb {
  readonly volume: Volume;
  readonly options: Options;
  /** As root, with every capability: what may be done is decided here, not by the kernel. */
  readonly calls: LinuxCalls;
  /** The same, but what they create belongs to the mounting user. */
  readonly creating: LinuxCalls;
  readonly files: FcbTable;
  readonly negativeNames: NegativeNames = new NegativeNames();
  readonly directories: DirectoryReader;
  readonly descriptors: Descriptors;
  /** The mounting user's: with no privilege, with backup's (1), with restore's (2), with both (3). */
  readonly mountingTokens: readonly AccessToken[];
  /** What is open, by FileObject.id. */
  readonly fileObjects: Map<number, FileObject> = new Map();
  readonly nameMostBytes: number;
  /** Whether the file system keeps user.* attributes. */
  readonly hasXattrs: boolean;
  /** What is to be found out along with a statx. */
  readonly finding: Finding | undefined;
  /** What the file system keeps of what it is given. */
  readonly traits: FileSystemTraits;
  /** The kernel's number of `creating`'s identity; 0: none. */
  identity = 0;
  /** The file system's own label, once it was asked for. */
  label: string | undefined;
  #root: Fcb | undefined;
  #nextId = 1;

  constructor(parts: VcbParts) {
    this.volume = parts.volume;
    this.options = parts.options;
    this.label = parts.options.label;
    this.calls = parts.volume.calls;
    this.creating = parts.creating;
    this.nameMostBytes = parts.nameMostBytes;
    this.hasXattrs = parts.hasXattrs;
    this.traits = parts.traits;
    this.finding = parts.hasXattrs ? { xattr: DOSATTRIB_XATTR } : undefined;
    this.files = new FcbTable(this.calls);
    this.directories = new DirectoryReader(this);
    this.descriptors = new Descriptors(sidMapOf(this.options));
    this.mountingTokens = [0, 1, 2, 3].map((which) => mountingToken(this, privilegesOf(which)));
  }

  get root(): Fcb {
    return this.#root as Fcb;
  }

  get readOnly(): boolean {
    return this.options.readOnly;
  }

  /** Opens the root; 0 or a negative errno. */
  async openRoot(): Promise<number> {
    const opened = await this.openHandle(this.volume.root, Buffer.from('.'));
    if (isErrno(opened)) return opened;
    this.#root = this.files.openRoot(opened.statx, opened.fd);
    return 0;
  }

  /** Closes what is open, and gives the identity back. */
  async close(): Promise<void> {
    await this.files.closeAll();
    if (this.identity !== 0 && this.volume.kernel.failure === undefined) {
      await this.volume.kernel.forgetIdentity(this.identity).catch(() => {});
    }
  }

  nextId(): number {
    return this.#nextId++;
  }

  /** Opens a handle on what a name is, without following it. */
  openHandle(dir: Fd, name: LinuxName): Promise<OpenedStatx | Errno> {
    const openFlags = abi.O_PATH | abi.O_NOFOLLOW;
    return this.calls.openat2Statx(dir, name, { flags: openFlags }, this.finding);
  }

  takeFcb(opened: OpenedStatx): Fcb {
    const fcb = this.files.take(opened.statx, opened.fd);
    if (fcb.dos === undefined && opened.xattrs !== undefined) noteXattrs(fcb, opened.xattrs);
    return fcb;
  }

  /** What Linux is to call a new file of that name; undefined where it cannot. */
  spelled(name: string): LinuxName | undefined {
    return toLinuxName(name, this.nameMostBytes);
  }

  /** The bytes of a name from Windows; undefined where there are none. */
  linuxNameOf(name: string): LinuxName | undefined {
    return toLinuxName(name, this.nameMostBytes);
  }

  /** What a name from Windows means in a directory, or a negative errno. */
  find(dir: Fcb, name: string): Meaning | Errno | Promise<Meaning | Errno> {
    const linuxName = toLinuxName(name, this.nameMostBytes);
    if (!this.options.caseSensitive) return this.#findFolded(dir, name, linuxName);
    if (linuxName === undefined) return negative(errno.EILSEQ);
    const exists = !this.negativeNames.isAbsent(dir.key, name, false);
    return { exists, shown: name, linuxName };
  }

  async #findFolded(
    dir: Fcb,
    name: string,
    linuxName: LinuxName | undefined,
  ): Promise<Meaning | Errno> {
    const folded = await this.foldedNames(dir);
    if (isErrno(folded)) return folded;
    const entry = folded.find(name);
    if (entry !== undefined) {
      return { exists: true, shown: entry.shown, linuxName: entry.linuxName };
    }
    if (linuxName === undefined) return negative(errno.EILSEQ);
    // Not known here: the kernel is asked, as something outside of this engine may have made it.
    return { exists: true, shown: name, linuxName };
  }

  /** What Windows sees an entry of a directory as. */
  async shownName(dir: Fcb, linuxName: Uint8Array): Promise<string> {
    const plain = toWindowsName(linuxName);
    if (this.options.caseSensitive) return plain;
    const folded = await this.foldedNames(dir);
    return isErrno(folded) ? plain : folded.shownAs(plain, linuxName);
  }

  /** The names of a directory by their folded form, read when first needed; or a negative errno. */
  async foldedNames(dir: Fcb): Promise<FoldedNames | Errno> {
    if (dir.folded !== undefined) return dir.folded;
    dir.folded = this.#readFolded(dir);
    const read = await dir.folded;
    dir.folded = isErrno(read) ? undefined : read;
    return read;
  }

  async #readFolded(dir: Fcb): Promise<FoldedNames | Errno> {
    const fd = await this.calls.reopen(dir.handle, abi.O_RDONLY | abi.O_DIRECTORY);
    if (isErrno(fd)) return fd;
    const names = new FoldedNames();
    try {
      for (;;) {
        const entries = await this.calls.getdents64(fd);
        if (isErrno(entries)) return entries;
        if (entries.length === 0) return names;
        for (const { name } of entries) names.add(toWindowsName(name), name);
      }
    } finally {
      this.files.closeFd(fd);
    }
  }

  /** A name has come into a directory. */
  nameAppeared(dir: Fcb, name: string, linuxName: LinuxName): void {
    this.negativeNames.appeared(dir.key, name);
    this.#changeFolded(dir, (names) => names.add(toWindowsName(linuxName), linuxName));
  }

  nameVanished(dir: Fcb, linuxName: LinuxName): void {
    this.#changeFolded(dir, (names) => names.remove(toWindowsName(linuxName), linuxName));
  }

  /** Names that are being read get the change when they are there; made twice it does no harm. */
  #changeFolded(dir: Fcb, change: (names: FoldedNames) => void): void {
    const { folded } = dir;
    if (folded === undefined) return;
    if (folded instanceof FoldedNames) change(folded);
    else void folded.then((names) => isErrno(names) || change(names));
  }
}

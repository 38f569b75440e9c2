/** `fsbridge ls`: lists a directory. */
import { Buffer } from 'node:buffer';
import type { Command } from 'commander';
import { argumentBytes } from '../../host/argument-bytes.ts';
import { interruption } from '../../host/interrupt.ts';
import { escapeName, putName } from '../../observe/display-names.ts';
import { callError, PartlyFailed, report } from '../../observe/messages.ts';
import { abi } from '../../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../../vfs-linux/calls.ts';
import { isErrno } from '../../vfs-linux/errno.ts';
import { folderOf, joinPath } from '../../vfs-linux/tree/place.ts';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { type Line, putStatx } from '../describe.ts';
import { formatTable } from '../format.ts';
import { type ListedEntry, longCells, readEntries, readEntry } from '../list-entries.ts';
import { newCommand, withVolumeOptions } from '../options.ts';
import { output } from '../output.ts';
import { findPlace, openAt, quietDirectoryFlags, typeAt } from '../volume-path.ts';
import { withVolume } from '../with-volume.ts';

interface LsOptions extends VolumeOptions {
  readonly long?: boolean;
  readonly recursive?: boolean;
}

/** Shows entries: as names, as long lines, or as JSON, which is collected to the end. */
class Listing {
  readonly #options: LsOptions;
  readonly #json: Line[] = [];
  #directories = 0;

  constructor(options: LsOptions) {
    this.#options = options;
  }

  /** Whether directories are listed with everything below. */
  get recursive(): boolean {
    return this.#options.recursive === true;
  }

  #shown(name: Buffer): Buffer {
    return output.isTerminal ? Buffer.from(escapeName(name)) : name;
  }

  /** Prints the heading of a directory, with -R. */
  async heading(path: Buffer): Promise<void> {
    if (this.#options.json === true || !this.recursive) return;
    const gap = this.#directories++ === 0 ? '' : '\n';
    await output.line(Buffer.concat([Buffer.from(gap), this.#shown(path), Buffer.from(':')]));
  }

  async show(entries: readonly ListedEntry[], path: Buffer): Promise<void> {
    if (this.#options.json === true) {
      for (const entry of entries) this.#json.push(jsonOf(entry, path));
      return;
    }
    const long = this.#options.long === true;
    const cells = long ? formatTable(entries.map(longCells), new Set([1, 2, 3, 4])) : [];
    for (const [index, entry] of entries.entries()) {
      const parts = [this.#shown(entry.name)];
      if (long) parts.unshift(Buffer.from(`${cells[index]} `));
      if (long && entry.target !== undefined) {
        parts.push(Buffer.from(' -> '), this.#shown(entry.target));
      }
      await output.line(Buffer.concat(parts));
    }
  }

  async end(): Promise<void> {
    if (this.#options.json === true) await output.jsonLine(JSON.stringify(this.#json));
  }
}

function jsonOf(entry: ListedEntry, folder: Buffer): Line {
  const line: Line = {};
  putName(line, 'name', entry.name);
  putName(line, 'path', joinPath(folder, entry.name));
  if (entry.found !== undefined) putStatx(line, entry.found);
  if (entry.target !== undefined) putName(line, 'target', entry.target);
  if (entry.error !== undefined) line['error'] = entry.error;
  return line;
}

/** A directory whose entries were shown, and the names of the directories in it still to show. */
interface Level {
  readonly fd: Fd;
  readonly path: Buffer;
  readonly names: Buffer[];
}

/** Shows a directory and, with -R, those below it; answers how many could not be read whole. */
async function listTree(
  calls: LinuxCalls,
  first: Fd,
  path: Buffer,
  listing: Listing,
): Promise<number> {
  const levels: Level[] = [];
  let failed = 0;
  const show = async (fd: Fd, at: Buffer): Promise<void> => {
    if (interruption.aborted) throw interruption.reason;
    const { entries, error } = await readEntries(calls, fd);
    await listing.heading(at);
    await listing.show(entries, at);
    if (error !== undefined || entries.some((entry) => entry.error !== undefined)) failed++;
    if (error !== undefined) report(callError(error, at));
    const inside = entries.filter((entry) => entry.found?.type === abi.S_IFDIR);
    levels.push({ fd, path: at, names: listing.recursive ? inside.map((one) => one.name) : [] });
  };
  await show(first, path);
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const name = level.names.shift();
    if (name === undefined) {
      levels.pop();
      await calls.close(level.fd);
      continue;
    }
    const inside = joinPath(level.path, name);
    const opened = await calls.openat2(level.fd, name, quietDirectoryFlags);
    if (isErrno(opened)) {
      report(callError(opened, inside));
      failed++;
    } else {
      await show(opened, inside);
    }
  }
  return failed;
}

async function ls(source: string, path: string, options: LsOptions): Promise<void> {
  const failed = await withVolume(source, options, async ({ calls }) => {
    const place = await findPlace(calls, argumentBytes(path));
    const listing = new Listing(options);
    let missed = 0;
    // In a long list a symbolic link stands for itself, otherwise for its target, as in ls(1).
    const follow = options.long === true ? abi.AT_SYMLINK_NOFOLLOW : 0;
    if ((await typeAt(calls, place, follow)) === abi.S_IFDIR) {
      const fd = await openAt(calls, place, abi.O_RDONLY | abi.O_DIRECTORY | abi.O_NOATIME);
      missed = await listTree(calls, fd, place.path, listing);
    } else {
      const entry = await readEntry(calls, place.dirfd, place.name);
      await listing.show([entry], folderOf(place.path));
    }
    await listing.end();
    return missed;
  });
  if (failed > 0) throw new PartlyFailed(failed);
}

const notes = `
All entries are shown, one a line, sorted by the bytes of their names. On a terminal, control
characters and bytes that are not UTF-8 are shown as \\n or \\xNN; a pipe or a file gets the names
unchanged.`;

export function lsCommand(): Command {
  const command = newCommand('ls', 'list a directory', [
    'ls disk.img /',
    'ls -l --volume 2 disk.img /home',
    'ls -R --json disk.img /etc',
  ]);
  return withVolumeOptions(command)
    .argument('<source>', 'an image file or a disk')
    .argument('[path]', 'a directory or a file', '/')
    .option('-l, --long', 'show mode, links, owner, group, size and time')
    .option('-R, --recursive', 'list directories with everything below them')
    .option('--json', 'print an array of JSON objects')
    .addHelpText('after', notes)
    .action(ls);
}

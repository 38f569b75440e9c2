/** `fsbridge ls`: what is in a directory. */
import { Buffer } from 'node:buffer';
import type { Command } from 'commander';
import { argumentBytes } from '../../host/argument-bytes.ts';
import { interruption } from '../../host/interrupt.ts';
import { escapeName, putName } from '../../observe/display-names.ts';
import { callError, check, PartlyFailed, report } from '../../observe/messages.ts';
import { abi } from '../../vfs-linux/abi.gen.ts';
import type { Volume } from '../../vfs-linux/volume.ts';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { withVolume } from '../../volumes/with-volume.ts';
import { type Line, putStatx } from '../describe.ts';
import { formatTable } from '../format.ts';
import { type Entry, longCells, readEntries, readEntry } from '../list-entries.ts';
import { newCommand, withVolumeOptions } from '../options.ts';
import { output } from '../output.ts';
import { joinPath, type OpenFd, openHeld, openPlace, type Place } from '../volume-path.ts';

interface LsOptions extends VolumeOptions {
  readonly long?: boolean;
  readonly recursive?: boolean;
}

/** How entries are shown: as names, as long lines, or collected for JSON. */
class Listing {
  readonly #options: LsOptions;
  readonly #json: Line[] = [];
  #directories = 0;

  constructor(options: LsOptions) {
    this.#options = options;
  }

  #shown(name: Buffer): Buffer {
    return output.isTerminal ? Buffer.from(escapeName(name)) : name;
  }

  /** The heading of a directory among several. */
  async heading(path: Buffer): Promise<void> {
    if (this.#options.json === true || this.#options.recursive !== true) return;
    const gap = this.#directories++ === 0 ? '' : '\n';
    await output.line(Buffer.concat([Buffer.from(gap), this.#shown(path), Buffer.from(':')]));
  }

  async show(entries: readonly Entry[], path: Buffer): Promise<void> {
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
    if (this.#options.json === true) await output.line(JSON.stringify(this.#json));
  }
}

function jsonOf(entry: Entry, folder: Buffer): Line {
  const line: Line = {};
  putName(line, 'name', entry.name);
  putName(line, 'path', joinPath(folder, entry.name));
  if (entry.found !== undefined) putStatx(line, entry.found);
  if (entry.target !== undefined) putName(line, 'target', entry.target);
  if (entry.error !== undefined) line['error'] = entry.error;
  return line;
}

/** Shows a directory and, with -R, those below it; answers how many could not be read whole. */
async function listTree(
  volume: Volume,
  first: OpenFd,
  path: Buffer,
  listing: Listing,
  recursive: boolean,
): Promise<number> {
  // Directories whose entries were shown, with the names of those inside still to show.
  const underWay: { folder: OpenFd; path: Buffer; names: Buffer[] }[] = [];
  let failed = 0;
  const show = async (folder: OpenFd, at: Buffer): Promise<void> => {
    if (interruption.aborted) throw interruption.reason;
    const { entries, error } = await readEntries(volume.calls, folder.fd);
    await listing.heading(at);
    await listing.show(entries, at);
    if (error < 0 || entries.some((entry) => entry.error !== undefined)) failed++;
    if (error < 0) report(callError(error, at));
    const inside = entries.filter((entry) => entry.found?.type === abi.S_IFDIR);
    underWay.push({ folder, path: at, names: recursive ? inside.map((one) => one.name) : [] });
  };
  await show(first, path);
  for (let level = underWay.at(-1); level !== undefined; level = underWay.at(-1)) {
    const name = level.names.shift();
    if (name === undefined) {
      underWay.pop();
      await level.folder.close();
      continue;
    }
    const inside = joinPath(level.path, name);
    const flags = abi.O_RDONLY | abi.O_DIRECTORY | abi.O_NOFOLLOW | abi.O_NOATIME;
    const opened = await openHeld(volume, level.folder.fd, name, flags);
    if (typeof opened === 'number') {
      report(callError(opened, inside));
      failed++;
    } else {
      await show(opened, inside);
    }
  }
  return failed;
}

/** A symbolic link is shown itself in a long list, and followed otherwise, as ls(1) does. */
async function isFolder(volume: Volume, place: Place, long: boolean): Promise<boolean> {
  const follow = long ? abi.AT_SYMLINK_NOFOLLOW : 0;
  const found = check(await volume.calls.statx(place.fd, place.name, follow), place.path);
  return found.type === abi.S_IFDIR;
}

async function ls(source: string, path: string, options: LsOptions): Promise<void> {
  const failed = await withVolume(source, options, async (volume) => {
    const place = await openPlace(volume, argumentBytes(path));
    const listing = new Listing(options);
    let missed = 0;
    if (await isFolder(volume, place, options.long === true)) {
      const flags = abi.O_RDONLY | abi.O_DIRECTORY | abi.O_NOATIME;
      const opened = check(await openHeld(volume, place.fd, place.name, flags), place.path);
      missed = await listTree(volume, opened, place.path, listing, options.recursive === true);
    } else {
      const entry = await readEntry(volume.calls, place.fd, place.name);
      const folder = place.path.subarray(0, Math.max(1, place.path.lastIndexOf(0x2f)));
      await listing.show([entry], folder);
    }
    await listing.end();
    return missed;
  });
  if (failed > 0) throw new PartlyFailed(failed);
}

const notes = `
All entries are shown, sorted by their bytes, one a line. On a terminal, control characters and
bytes that are no UTF-8 show as \\n or \\xNN; into a pipe or a file the names go as they are.`;

export function lsCommand(): Command {
  const command = newCommand('ls', 'list a directory', [
    'ls disk.img /',
    'ls -l --volume 2 disk.img /home',
    'ls -R --json disk.img /etc',
  ]);
  return withVolumeOptions(command)
    .argument('<source>', 'an image file or a disk')
    .argument('[path]', 'a directory or a file', '/')
    .option('-l, --long', 'with mode, links, owner, group, size and time')
    .option('-R, --recursive', 'with everything below')
    .option('--json', 'print an array of JSON objects')
    .addHelpText('after', notes)
    .action(ls);
}

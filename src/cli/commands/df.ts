/** `fsbridge df`: how full a volume is. */
import type { Command } from 'commander';
import type { VolumeOptions } from '../../volumes/with-volume.ts';
import { formatPercent, formatSize, formatTable } from '../format.ts';
import { newCommand, withVolumeOptions } from '../options.ts';
import { output } from '../output.ts';
import { withVolume } from '../with-volume.ts';

async function df(source: string, options: VolumeOptions): Promise<void> {
  const [found, type, id] = await withVolume(source, options, async (volume, entry) => [
    await volume.statfs(),
    volume.type,
    entry.id,
  ]);
  const { frsize } = found;
  const usedBlocks = found.blocks - found.bfree;
  const usedInodes = found.files - found.ffree;
  if (options.json === true) {
    const facts = {
      source,
      id,
      type,
      sizeBytes: found.blocks * frsize,
      usedBytes: usedBlocks * frsize,
      availableBytes: found.bavail * frsize,
      inodes: found.files,
      inodesUsed: usedInodes,
    };
    await output.jsonLine(JSON.stringify(facts));
    return;
  }
  const head = ['VOLUME', 'TYPE', 'SIZE', 'USED', 'AVAILABLE', 'USE%', 'INODES', 'IUSED', 'IUSE%'];
  const row = [
    id,
    type,
    formatSize(found.blocks * frsize),
    formatSize(usedBlocks * frsize),
    formatSize(found.bavail * frsize),
    // As df(1) computes it: without the blocks that are reserved for root.
    formatPercent(usedBlocks, usedBlocks + found.bavail),
    found.files > 0 ? String(found.files) : '-',
    found.files > 0 ? String(usedInodes) : '-',
    formatPercent(usedInodes, found.files),
  ];
  const right = new Set([2, 3, 4, 5, 6, 7, 8]);
  for (const line of formatTable([head, row], right)) await output.line(line);
}

export function dfCommand(): Command {
  const command = newCommand('df', 'show how full a volume is', [
    'df disk.img',
    'df --volume home /dev/sdb',
  ]);
  return withVolumeOptions(command)
    .argument('<source>', 'an image file or a disk')
    .option('--json', 'print JSON')
    .action(df);
}

/** The options that every command on a volume has, and the values of their texts. */
import { Command, Option } from 'commander';
import { FsBridgeError } from '../errors.ts';
import { maxMemoryBytes, minMemoryBytes } from '../vfs-linux/limits.ts';
import type { VolumeOptions } from '../volumes/with-volume.ts';
import { formatSize, parseSize } from './format.ts';

/** The kernel's memory in bytes. Throws ERR_MEMORY_SIZE where no kernel can have that much. */
function parseMemory(text: string): number {
  const bytes = parseSize(text, '--memory');
  if (bytes >= minMemoryBytes && bytes <= maxMemoryBytes) return bytes;
  throw new FsBridgeError(
    'ERR_MEMORY_SIZE',
    '--memory',
    `${text} is not between ${formatSize(minMemoryBytes)} and ${formatSize(maxMemoryBytes)}`,
    'Leave it out for 256M, or write --memory 1G.',
  );
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** Options for the kernel itself. */
export function withKernelOptions(command: Command): Command {
  return command
    .option('--memory <size>', "the kernel's memory, 48M to 3.5G (default: 256M)", parseMemory)
    .option('--verbose', "show the kernel's messages, on standard error");
}

/** Options that choose the volume, and how it is mounted. */
export function withVolumeOptions(command: Command): Command {
  command
    .option(
      '--volume <volume>',
      'which one of several: its id, label or UUID, as probe prints them',
    )
    .option('--type <type>', 'the file system, instead of the one that is recognised')
    .option('--options <options>', 'options of the file system, as for mount(8)')
    .option(
      '--device <source>',
      'a further disk of the same file system; may be repeated',
      collect,
    );
  return withKernelOptions(command)
    .addOption(
      new Option('--read-only', 'change nothing in SOURCE (this is the default)').conflicts('rw'),
    )
    .option('--rw', 'allow changes in SOURCE; without it none is made');
}

/** Throws ERR_READ_ONLY for a command that writes, where --rw was not given. */
export function requireWrite(command: string, options: VolumeOptions): void {
  if (options.rw === true) return;
  throw new FsBridgeError(
    'ERR_READ_ONLY',
    command,
    'it changes the volume, and volumes are opened for reading only',
    'Add --rw to allow it.',
  );
}

/** A command with its examples at the end of its help. */
export function newCommand(name: string, summary: string, examples: readonly string[]): Command {
  const text = examples.map((example) => `  fsbridge ${example}`).join('\n');
  return new Command(name)
    .description(summary)
    .addHelpText('after', `\nExamples:\n${text}`)
    .allowExcessArguments(false);
}

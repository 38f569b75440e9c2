/**
 * Errors that the kernel only logs: a damaged directory that it skips, an error counter that rises,
 * a journal that it gives up. No call fails then, so a command names them at its end, and fails.
 */
import { Buffer } from 'node:buffer';
import { FsBridgeError } from '../errors.ts';
import { escapeName } from '../observe/display-names.ts';
import { report } from '../observe/messages.ts';

const shownLines = 8;
const shownCharacters = 300;

const known: { source: string; lines: readonly string[] }[] = [];

/** Keeps what the kernel said about a volume until the command ends. */
export function addKernelErrors(source: string, lines: readonly string[]): void {
  known.push({ source, lines });
}

function shown(line: string): string {
  const cut = line.length > shownCharacters ? `${line.slice(0, shownCharacters)} …` : line;
  return `  ${escapeName(Buffer.from(cut))}`;
}

/** Prints what was kept; answers whether there was something. */
export function reportKernelErrors(): boolean {
  for (const { source, lines } of known) {
    const more = lines.length - shownLines;
    const advice = [
      'The kernel said:',
      ...lines.slice(0, shownLines).map(shown),
      ...(more > 0 ? [`  … and ${more} more`] : []),
      'What lies there may be missing from the result. Check the file system with its own tool,',
      'such as fsck, on a copy.',
    ].join('\n');
    const why = 'the file system is damaged: the kernel met errors while this command worked';
    report(new FsBridgeError('ERR_KERNEL_LOG', source, why, advice));
  }
  return known.length > 0;
}

/**
 * What must not outlive the benchmark: mounts, loop devices, temporary files. Undone in reverse
 * order when the process ends, by Ctrl-C, too; so every step is synchronous.
 */
import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';

const steps = new Set<() => void>();

/** Has `step` done at the process's end; answers how to do it now instead. */
export function atEnd(step: () => void): () => void {
  steps.add(step);
  return () => {
    if (steps.delete(step)) step();
  };
}

function undoAll(): void {
  for (const step of [...steps].reverse()) {
    steps.delete(step);
    try {
      step();
    } catch (error) {
      process.stderr.write(`bench: could not clean up: ${String(error)}\n`);
    }
  }
}

process.on('exit', undoAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(128 + constants.signals[signal]));
}

/** Runs a program of the host; throws with what it said. */
export function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

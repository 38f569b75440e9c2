/**
 * Undoes what the benchmark set up (mounts, loop devices, temporary files), in reverse order, when
 * the process ends or is interrupted. Every step is synchronous, as an exit handler cannot wait.
 */
import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';

const steps = new Set<() => void>();

/** Registers `step` for the process's end. The returned function runs it now instead. */
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

/** Runs a program of the host. Throws an error with the program's output if it fails. */
export function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

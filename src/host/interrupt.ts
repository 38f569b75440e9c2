/**
 * Ctrl-C and the other signals that end a command. The command stops at the next safe place,
 * everything is unmounted and closed, and the process ends with 128 + the signal's number, as
 * shells count. A second signal ends the process at once.
 */

const signals = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
const signalBase = 128;

/** Thrown where a command stops on request; no message is printed for it. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('interrupted');
    this.name = 'Interrupted';
    this.exitCode = exitCode;
  }
}

const controller: AbortController = new AbortController();

/** Aborted, with an Interrupted as its reason, when the command has to stop. */
export const interruption: AbortSignal = controller.signal;

/** Makes the command stop as a signal would. */
export function interrupt(exitCode: number): void {
  controller.abort(new Interrupted(exitCode));
}

/** Makes signals interrupt the command from now on. */
export function watchSignals(): void {
  for (const [name, number] of Object.entries(signals)) {
    process.on(name, () => {
      if (interruption.aborted) process.exit(signalBase + number);
      interrupt(signalBase + number);
    });
  }
}

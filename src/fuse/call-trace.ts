/** The kernel's part of a request, as spans of the trace. */
import { trace } from '../observe/trace.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import type { CallHooks, CallTask } from '../vfs-linux/calls/slot-calls.ts';
import type { Done } from '../vfs-linux/slot.ts';

const opNames = new Map<number, string>(
  Object.entries(abi).flatMap(([name, value]) =>
    name.startsWith('BRIDGE_OP_') ? [[value, name.slice('BRIDGE_OP_'.length)]] : [],
  ),
);

export class CallTrace implements CallHooks {
  readonly onBug: (error: unknown) => void;

  constructor(onBug: (error: unknown) => void) {
    this.onBug = onBug;
  }

  get trace(): CallHooks['trace'] {
    return trace.isOn ? traced : undefined;
  }
}

/** The same callback, and a span in the trace from now until it is called. */
function traced(done: Done, task: CallTask | undefined): Done {
  const startMs = performance.now();
  return (ret, slot) => {
    const name = opNames.get(slot.op) ?? String(slot.op);
    const detail = ret < 0 ? { errno: -ret } : undefined;
    trace.span('kernel', name, task?.traceId ?? 0, startMs, performance.now(), detail);
    done(ret, slot);
  };
}

/** Operations that the kernel image has only for tests (bridge/slots.h: panic, spin). */
import { abi } from '../../src/vfs-linux/abi.gen.ts';
import type { Machine } from '../../src/vfs-linux/machine.ts';
import { kernelItself } from '../../src/vfs-linux/request-ring.ts';

/** Kills the kernel as a bug of its own would; resolves when it is dead. */
export async function panic(kernel: Machine): Promise<void> {
  await kernel.ring.call(kernelItself, (slot) => {
    slot.op = abi.BRIDGE_OP_panic;
  });
}

/** Computes in the kernel for so long. */
export async function spin(kernel: Machine, durationMs: number): Promise<void> {
  await kernel.ring.call(kernelItself, (slot) => {
    slot.op = abi.BRIDGE_OP_spin;
    slot.arg(0, durationMs);
  });
}

/**
 * Writes the arguments of the operations on the machine itself into a slot: disks, mounts,
 * identities, the clock. The other side is ops-control.c.
 */
import { abi } from '../abi.gen.ts';
import { capabilityBits, type Identity } from '../identity.ts';
import type { Slot } from '../slot.ts';

/**
 * `describe` writes a bridge_disk_info at the address that it gets; diskNameIn reads the answer.
 */
export function diskAdd(slot: Slot, describe: (address: number) => void): void {
  slot.op = abi.BRIDGE_OP_disk_add;
  describe(slot.first);
}

/** The kernel's name of the disk that diskAdd added. */
export function diskNameIn({ memory, second }: Slot): string {
  return memory.bytes.toString('latin1', second, memory.bytes.indexOf(0, second));
}

export function diskRemove(slot: Slot, index: number): void {
  slot.op = abi.BRIDGE_OP_disk_remove;
  slot.arg(0, index);
}

/** What mount(2) takes: `source`, `target`, `type` and `data` are texts, `flags` are MS_*. */
export interface MountArguments {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly flags: number;
  readonly data: string;
}

/** Whether the texts have room in a slot. */
export function mountFits({ source, target, type, data }: MountArguments): boolean {
  let bytes = 0;
  for (const text of [source, target, type, data]) bytes += Buffer.byteLength(text) + 1;
  return bytes <= abi.BRIDGE_BUFFER;
}

export function mount(slot: Slot, { source, target, type, flags, data }: MountArguments): void {
  const { bytes } = slot.memory;
  slot.op = abi.BRIDGE_OP_mount;
  slot.arg(0, flags);
  let at = slot.first;
  [source, target, type, data].forEach((text, index) => {
    slot.arg(index + 1, at - slot.first);
    at += bytes.write(text, at);
    bytes[at++] = 0;
  });
}

export function umount2(slot: Slot, target: string, flags: number): void {
  slot.op = abi.BRIDGE_OP_umount2;
  slot.arg(0, flags);
  slot.name(slot.first, target);
}

/** The limit of an identity's supplementary groups here. */
export const maxGroups: number = abi.BRIDGE_SECOND / 4;

export function credAdd(slot: Slot, identity: Identity): void {
  const groups = identity.groups ?? [];
  slot.op = abi.BRIDGE_OP_cred_add;
  slot.arg(0, identity.uid);
  slot.arg(1, identity.gid);
  slot.arg(2, groups.length);
  slot.wide(0, capabilityBits(identity));
  slot.memory.u32.set(groups, slot.first / 4);
}

export function credRemove(slot: Slot, cred: number): void {
  slot.op = abi.BRIDGE_OP_cred_remove;
  slot.arg(0, cred);
}

/** Sets the time of day, given in milliseconds since 1970. */
export function clockSettime(slot: Slot, nowMs: number): void {
  slot.op = abi.BRIDGE_OP_clock_settime;
  slot.arg(0, (nowMs % 1000) * 1_000_000);
  slot.wide(0, Math.floor(nowMs / 1000));
}

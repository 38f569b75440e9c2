/** Every bound of this room, in one place. */

import { abi } from './abi.gen.ts';

export const defaultMemoryBytes: number = 256 * 1024 * 1024;
export const minMemoryBytes: number = 48 * 1024 * 1024;
/** Above lie the windows (native/arch/wasm/include/asm/uaccess.h). */
export const maxMemoryBytes: number = abi.WASM_WINDOWS;
/** The largest read or write of one request: a slot's window. */
export const windowBytes: number = abi.WASM_WINDOW_SIZE;
/** Requests that may be under way at once; those beyond wait for a slot. */
export const slots: number = abi.BRIDGE_SLOTS;
/** Slots kept free for what must not wait behind others: thawing, taking a disk away. */
export const urgentSlots = 4;
export const maxDisks = 64;

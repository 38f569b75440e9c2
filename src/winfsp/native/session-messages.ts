/** What passes between the thread with the hidden window (session-worker.ts) and the main one. */

/** What Windows tells a window that concerns a disk. */
export type SessionEvent = 'logoff' | 'shutdown' | 'suspend' | 'resume';

export type SessionMessage =
  /** The window is there: messages to it reach the worker. */
  | { readonly kind: 'window'; readonly handle: bigint }
  /** There is none, and the worker has ended. */
  | { readonly kind: 'none' }
  /** Something happens; Windows waits until `answered` is that number, or not much longer. */
  | { readonly kind: 'event'; readonly event: SessionEvent; readonly number: number };

/** Places in the shared words. */
export const sessionWords = { answered: 0 } as const;

/** Sent to the window by its own program: the end. WM_APP. */
export const windowEnd = 0x8000;

/** user32's messages, winuser.h. */
export const windowMessage = {
  QueryEndSession: 0x11,
  EndSession: 0x16,
  PowerBroadcast: 0x218,
} as const;

/** What passes between the thread with the hidden window (session-worker.ts) and the main one. */

/** What Windows tells a window that concerns a disk. */
export type SessionEvent = 'logoff' | 'shutdown' | 'suspend' | 'resume';

export type SessionMessage =
  /** The window is there; the thread ends with WM_QUIT. */
  | { readonly kind: 'window'; readonly threadId: number }
  /** There is none, and the worker has ended. */
  | { readonly kind: 'none' }
  /** Something happens; Windows waits until `answered` is that number, or not much longer. */
  | { readonly kind: 'event'; readonly event: SessionEvent; readonly number: number };

/** Places in the shared words: the last event that was answered, and whether the worker has ended. */
export const sessionWords = { answered: 0, over: 1 } as const;

/** WM_QUIT: of a thread, not of a window, so that no procedure is called in a process that ends. */
export const quitMessage = 0x12;

/** user32's messages, winuser.h. */
export const windowMessage = {
  QueryEndSession: 0x11,
  EndSession: 0x16,
  PowerBroadcast: 0x218,
} as const;

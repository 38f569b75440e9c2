/** Messages between the thread with the hidden window (session-worker.ts) and the main thread. */

/** The events of Windows that concern a disk. */
export type SessionEvent = 'logoff' | 'shutdown' | 'suspend' | 'resume';

export type SessionMessage =
  /** The window exists. WM_QUIT, posted to the thread, ends it. */
  | { readonly kind: 'window'; readonly threadId: number }
  /** There is no window, and the worker has ended. */
  | { readonly kind: 'none' }
  /** Windows waits until `answered` reaches this number, or until its patience ends. */
  | { readonly kind: 'event'; readonly event: SessionEvent; readonly number: number };

/** Indices of the shared words: the last event that was answered; 1 once the worker has ended. */
export const sessionWords = { answered: 0, over: 1 } as const;

/** WM_QUIT. It goes to the thread: a window's procedure is not called while the process ends. */
export const quitMessage = 0x12;

/** Window messages, from winuser.h. */
export const windowMessage = {
  QueryEndSession: 0x11,
  EndSession: 0x16,
  PowerBroadcast: 0x218,
} as const;

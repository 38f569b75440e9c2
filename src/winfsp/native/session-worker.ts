/**
 * A thread with a hidden window, which Windows notifies of the end of the session and of sleep. For
 * a program with a console, SetConsoleCtrlHandler reports Ctrl-C, and Node makes a signal of it.
 * Once the program has loaded user32.dll, as Node has, logoff and shutdown are reported to a window
 * alone (SetConsoleCtrlHandler's documentation).
 *
 * Nearly all of the time the thread is blocked in GetMessageW. There Windows calls the window's
 * procedure on this thread and waits for it; a shutdown waits in the same way while the main thread
 * writes out.
 */
import { Buffer } from 'node:buffer';
import { parentPort, workerData } from 'node:worker_threads';
import { type Handle, handleType, loadFfi } from '../../host/ffi.ts';
import {
  type SessionEvent,
  type SessionMessage,
  sessionWords,
  windowMessage,
} from './session-messages.ts';

/** The size of WNDCLASSEXW, and the offsets of its fields. */
const windowClass = { size: 80, procedure: 8, instance: 24, name: 64 } as const;
const messageBytes = 48;
const popup = 0x80000000;
const logoffBit = 0x80000000n;
const suspend = 4;
const resumeAutomatic = 18;
/**
 * A program that gave a reason may take as long as the user allows, another one 5 s. Before sleep
 * each has 2 s.
 */
const endMaxMs = 20_000;
const suspendMaxMs = 1800;
const reason = 'fsbridge is writing to a Linux disk';
const className = 'fsbridge-session';

/** An integer of 64 bits, as koffi hands it to a callback. */
type Long = number | bigint;

const ffi = await loadFfi();
const user32 = ffi.open('user32.dll');
const kernel32 = ffi.open('kernel32.dll');
const words = new Int32Array(workerData as SharedArrayBuffer);
let lastNumber = 0;

function post(message: SessionMessage): void {
  parentPort?.postMessage(message);
}

/** Reports an event to the main thread, and waits until it has reacted, for that time at most. */
function report(event: SessionEvent, maxMs: number): void {
  const number = ++lastNumber;
  post({ kind: 'event', event, number });
  const untilMs = performance.now() + maxMs;
  for (;;) {
    const answered = Atomics.load(words, sessionWords.answered);
    const leftMs = untilMs - performance.now();
    if (answered >= number || leftMs <= 0) return;
    Atomics.wait(words, sessionWords.answered, answered, leftMs);
  }
}

const defaultProcedure = user32('DefWindowProcW', 'intptr_t', [
  handleType,
  'uint32',
  'uintptr_t',
  'intptr_t',
]);
const blockShutdown = user32('ShutdownBlockReasonCreate', 'int32', [handleType, 'str16']);

/** The window's procedure, WNDPROC: `wide` is its WPARAM and `long` its LPARAM. */
function procedure(window: Handle, message: number, wide: Long, long: Long): Long {
  switch (message) {
    case windowMessage.QueryEndSession:
      blockShutdown(window, reason);
      return 1;
    case windowMessage.EndSession:
      // 0: another program refused, and the session continues.
      if (Number(wide) !== 0) {
        const isLogoff = (BigInt(long) & logoffBit) !== 0n;
        report(isLogoff ? 'logoff' : 'shutdown', endMaxMs);
      }
      return 0;
    case windowMessage.PowerBroadcast:
      if (Number(wide) === suspend) report('suspend', suspendMaxMs);
      if (Number(wide) === resumeAutomatic) report('resume', 0);
      return 1;
    default:
      return defaultProcedure(window, message, wide, long);
  }
}

const instance: Handle = kernel32('GetModuleHandleW', handleType, ['void *'])(null);

/** Registers the window's class and makes the window; 0 where there is no desktop. */
function makeWindow(): Handle {
  const { koffi } = ffi;
  const type = koffi.pointer(
    koffi.proto(`intptr_t FsbridgeWindow(${handleType}, uint32, uintptr_t, intptr_t)`),
  );
  const name = Buffer.from(`${className}\0`, 'utf16le');
  const description = Buffer.alloc(windowClass.size);
  description.writeUInt32LE(windowClass.size, 0);
  description.writeBigUInt64LE(koffi.register(procedure, type), windowClass.procedure);
  description.writeBigInt64LE(BigInt(instance), windowClass.instance);
  description.writeBigUInt64LE(ffi.addressOf(name), windowClass.name);
  user32('RegisterClassExW', 'uint16', ['void *'])(description);
  const create = user32('CreateWindowExW', handleType, [
    'uint32',
    'str16',
    'str16',
    'uint32',
    ...['int32', 'int32', 'int32', 'int32'],
    ...[handleType, handleType, handleType, 'uintptr_t'],
  ]);
  return create(0, className, className, popup, 0, 0, 0, 0, 0, 0, instance, 0);
}

/** Gets messages until WM_QUIT. */
function serveWindow(): void {
  const getMessage = user32('GetMessageW', 'int32', ['void *', handleType, 'uint32', 'uint32']);
  const dispatch = user32('DispatchMessageW', 'intptr_t', ['void *']);
  const message = Buffer.alloc(messageBytes);
  while (getMessage(message, 0, 0, 0) > 0) dispatch(message);
}

const window = makeWindow();
if (window === 0) {
  post({ kind: 'none' });
} else {
  post({ kind: 'window', threadId: kernel32('GetCurrentThreadId', 'uint32', [])() });
  serveWindow();
  user32('DestroyWindow', 'int32', [handleType])(window);
}
// The class belongs to the process. A later worker must not get this thread's procedure by it.
user32('UnregisterClassW', 'int32', ['str16', handleType])(className, instance);
Atomics.store(words, sessionWords.over, 1);
Atomics.notify(words, sessionWords.over);

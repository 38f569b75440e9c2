/**
 * A thread with a hidden window, to hear of the end of the session and of sleep. A program with a
 * console is told of Ctrl-C by SetConsoleCtrlHandler, and Node makes signals of that; of logoff and
 * shutdown it is told only through a window, once it has loaded user32.dll (SetConsoleCtrlHandler's
 * documentation), which Node has.
 *
 * The thread is blocked in GetMessageW nearly all of the time. Windows calls the window's procedure
 * in there, on this thread, and waits for it: so does Windows' shutdown, while the main thread writes
 * out.
 */
import { Buffer } from 'node:buffer';
import { parentPort, workerData } from 'node:worker_threads';
import {
  type SessionEvent,
  type SessionMessage,
  sessionWords,
  windowMessage,
} from './session-messages.ts';

/** The size of WNDCLASSEXW, and where its fields lie. */
const windowClass = { size: 80, procedure: 8, instance: 24, name: 64 } as const;
const messageBytes = 48;
const popup = 0x80000000;
const logoffBit = 0x80000000n;
const suspend = 4;
const resumeAutomatic = 18;
/** Windows gives a program with a reason as long as the user likes; others 5 s, and 2 before sleep. */
const endMs = 20_000;
const suspendMs = 1800;
const reason = 'fsbridge is writing to a Linux disk';
const className = 'fsbridge-session';

type Call = (...args: readonly unknown[]) => number | bigint;

const { default: koffi } = await import('koffi');
const user32 = koffi.load('user32.dll');
const kernel32 = koffi.load('kernel32.dll');
const words = new Int32Array(workerData as SharedArrayBuffer);
let lastNumber = 0;

function post(message: SessionMessage): void {
  parentPort?.postMessage(message);
}

/** Tells the main thread, and waits until it is done, but not for ever. */
function tell(event: SessionEvent, waitMs: number): void {
  const number = ++lastNumber;
  post({ kind: 'event', event, number });
  const untilMs = performance.now() + waitMs;
  for (;;) {
    const answered = Atomics.load(words, sessionWords.answered);
    const restMs = untilMs - performance.now();
    if (answered >= number || restMs <= 0) return;
    Atomics.wait(words, sessionWords.answered, answered, restMs);
  }
}

const defaultProcedure = user32.func('DefWindowProcW', 'intptr_t', [
  'uintptr_t',
  'uint32',
  'uintptr_t',
  'intptr_t',
]) as Call;
const blockShutdown = user32.func('ShutdownBlockReasonCreate', 'int32', [
  'uintptr_t',
  'str16',
]) as Call;

function procedure(
  window: number | bigint,
  message: number,
  wide: number | bigint,
  long: number | bigint,
): number | bigint {
  switch (message) {
    case windowMessage.QueryEndSession:
      blockShutdown(window, reason);
      return 1;
    case windowMessage.EndSession:
      // 0: somebody else refused, and the session goes on.
      if (Number(wide) !== 0) {
        const isLogoff = (BigInt(long) & logoffBit) !== 0n;
        tell(isLogoff ? 'logoff' : 'shutdown', endMs);
      }
      return 0;
    case windowMessage.PowerBroadcast:
      if (Number(wide) === suspend) tell('suspend', suspendMs);
      if (Number(wide) === resumeAutomatic) tell('resume', 0);
      return 1;
    default:
      return defaultProcedure(window, message, wide, long);
  }
}

const instance = (kernel32.func('GetModuleHandleW', 'uintptr_t', ['void *']) as Call)(null);

/** Registers the class and makes the window; 0 where there is no desktop. */
function makeWindow(): number | bigint {
  const type = koffi.pointer(
    koffi.proto('intptr_t FsbridgeWindow(uintptr_t, uint32, uintptr_t, intptr_t)'),
  );
  const name = Buffer.from(`${className}\0`, 'utf16le');
  const description = Buffer.alloc(windowClass.size);
  description.writeUInt32LE(windowClass.size, 0);
  description.writeBigUInt64LE(koffi.register(procedure, type), windowClass.procedure);
  description.writeBigUInt64LE(BigInt(instance), windowClass.instance);
  description.writeBigUInt64LE(koffi.address(name), windowClass.name);
  (user32.func('RegisterClassExW', 'uint16', ['void *']) as Call)(description);
  const create = user32.func('CreateWindowExW', 'uintptr_t', [
    'uint32',
    'str16',
    'str16',
    'uint32',
    ...['int32', 'int32', 'int32', 'int32'],
    ...['uintptr_t', 'uintptr_t', 'uintptr_t', 'uintptr_t'],
  ]) as Call;
  return create(0, className, className, popup, 0, 0, 0, 0, 0, 0, instance, 0);
}

/** Gets messages until the end. */
function serveWindow(): void {
  const types = ['void *', 'uintptr_t', 'uint32', 'uint32'];
  const getMessage = user32.func('GetMessageW', 'int32', types) as Call;
  const dispatch = user32.func('DispatchMessageW', 'intptr_t', ['void *']) as Call;
  const message = Buffer.alloc(messageBytes);
  while (Number(getMessage(message, 0, 0, 0)) > 0) dispatch(message);
}

const window = makeWindow();
if (BigInt(window) === 0n) {
  post({ kind: 'none' });
} else {
  const threadId = (kernel32.func('GetCurrentThreadId', 'uint32', []) as Call)();
  post({ kind: 'window', threadId: Number(threadId) });
  serveWindow();
  (user32.func('DestroyWindow', 'int32', ['uintptr_t']) as Call)(window);
}
// The class belongs to the process: it would lead the next thread to this one's procedure.
(user32.func('UnregisterClassW', 'int32', ['str16', 'uintptr_t']) as Call)(className, instance);
Atomics.store(words, sessionWords.over, 1);
Atomics.notify(words, sessionWords.over);

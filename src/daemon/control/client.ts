/** The client of the control channels: asks one mount, or all of them. */
import net from 'node:net';
import { FsBridgeError } from '../../errors.ts';
import { Interrupted, interruption } from '../../host/interrupt.ts';
import { type ControlAddress, findAddresses, withdraw } from './address.ts';
import type { ControlAnswer, ControlRequest, MountStatus } from './control-protocol.ts';

const statusTimeoutMs = 5_000;

/** A mount, and its status. */
export interface FoundMount {
  readonly control: ControlAddress;
  /** Undefined where the mount does not answer: its disk hangs, or it is another user's. */
  readonly status: MountStatus | undefined;
}

/** All running mounts; the files of killed ones are removed. */
export async function findMounts(
  addresses: readonly ControlAddress[] = findAddresses(),
): Promise<FoundMount[]> {
  const found = await Promise.all(
    addresses.map(async (control) => {
      try {
        const answer = await ask(control, { command: 'status' }, statusTimeoutMs);
        return { control, status: 'status' in answer ? answer.status : undefined };
      } catch (error) {
        if (!(error instanceof FsBridgeError)) throw error;
        if (error.code === 'ERR_NOT_MOUNTED') return undefined;
        return { control, status: undefined };
      }
    }),
  );
  return found.filter((one) => one !== undefined);
}

/**
 * Asks one mount. Throws ERR_NOT_MOUNTED where its process has ended, ERR_NO_ANSWER where no answer
 * comes in time, or the error that the mount answers.
 */
export async function ask(
  control: ControlAddress,
  request: ControlRequest,
  timeoutMs: number,
): Promise<Exclude<ControlAnswer, { error: unknown }>> {
  const answer = await exchange(control, request, timeoutMs);
  if (!('error' in answer)) return answer;
  const { code, what, why, advice } = answer.error;
  throw new FsBridgeError(code, what, why, advice ?? undefined);
}

function exchange(
  control: ControlAddress,
  request: ControlRequest,
  timeoutMs: number,
): Promise<ControlAnswer> {
  const { address, pid } = control;
  return new Promise((resolve, reject) => {
    const socket = net.connect(address);
    let text = '';
    socket.setEncoding('utf8');
    if (timeoutMs > 0) socket.setTimeout(timeoutMs, () => socket.destroy(noAnswer(pid)));
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on('data', (part: string) => {
      text += part;
    });
    socket.on('end', () => {
      socket.destroy();
      try {
        resolve(JSON.parse(text) as ControlAnswer);
      } catch {
        reject(noAnswer(pid));
      }
    });
    // An interrupted command does not wait for the mount's end.
    const onInterrupt = (): void => void socket.destroy(interruption.reason as Interrupted);
    interruption.addEventListener('abort', onInterrupt, { once: true });
    socket.on('close', () => interruption.removeEventListener('abort', onInterrupt));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const hasEnded = error.code === 'ECONNREFUSED' || error.code === 'ENOENT';
      if (hasEnded) withdraw(control);
      if (error instanceof FsBridgeError || error instanceof Interrupted) reject(error);
      else reject(hasEnded ? gone(pid) : noAnswer(pid));
    });
  });
}

function noAnswer(pid: number): FsBridgeError {
  return new FsBridgeError(
    'ERR_NO_ANSWER',
    `the mount of process ${pid}`,
    'it does not answer: its disk hangs, or it belongs to another user',
    'Look at its log; `fsbridge umount --force` ends it without writing out.',
  );
}

function gone(pid: number): FsBridgeError {
  return new FsBridgeError('ERR_NOT_MOUNTED', `process ${pid}`, 'it has ended');
}

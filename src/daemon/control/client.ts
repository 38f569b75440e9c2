/**
 * The client of the control channels: asks one mount, or all of them.
 *
 * Invariant: an answer counts only if the kernel says that a process of this very user gives it.
 * Another user's answer is shown as that user's word, and nothing is done because of it.
 */
import { FsBridgeError } from '../../errors.ts';
import type { SocketPeer } from '../../host/unix-socket.ts';
import { userName } from '../../host/user-name.ts';
import { type ControlAddress, findAddresses, findForeignAddresses, withdraw } from './address.ts';
import { connect, exchange, noAnswer } from './connect.ts';
import type { ControlAnswer, ControlRequest, MountStatus } from './control-protocol.ts';

const statusTimeoutMs = 5_000;

/** A mount of this user's, and its status. */
export interface FoundMount {
  readonly control: ControlAddress;
  /** Undefined where the mount does not answer, as its disk hangs. */
  readonly status: MountStatus | undefined;
}

/** A control channel of another user's. */
export interface ForeignMount {
  readonly pid: number;
  readonly uid: number;
  /** What that user's process says; undefined where it does not answer. Any text may be in it. */
  readonly claim: { readonly source: string; readonly target: string } | undefined;
}

/** All running mounts of this user's; the files of killed ones are removed. */
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
        const isNone = error.code === 'ERR_NOT_MOUNTED' || error.code === 'ERR_FOREIGN_MOUNT';
        return isNone ? undefined : { control, status: undefined };
      }
    }),
  );
  return found.filter((one) => one !== undefined);
}

/** The channels of other users: those that root sees, and any in this user's own folder. */
export async function findForeignMounts(
  addresses: readonly ControlAddress[] = [...findAddresses(), ...findForeignAddresses()],
  timeoutMs: number = statusTimeoutMs,
): Promise<ForeignMount[]> {
  const found = await Promise.all(addresses.map((control) => lookAt(control, timeoutMs)));
  return found.filter((one) => one !== undefined);
}

async function lookAt(
  control: ControlAddress,
  timeoutMs: number,
): Promise<ForeignMount | undefined> {
  try {
    const connection = connect(control);
    const { peer, socket } = connection;
    if (peer === undefined || isOwn(peer)) {
      socket.destroy();
      return undefined;
    }
    const answer = exchange(connection, control, { command: 'status' }, timeoutMs);
    return { ...peer, claim: claimOf(await answer.catch(() => undefined)) };
  } catch {
    return undefined;
  }
}

function claimOf(answer: unknown): ForeignMount['claim'] {
  const status = memberOf(answer, 'status');
  const [source, target] = [memberOf(status, 'source'), memberOf(status, 'target')];
  return typeof source === 'string' && typeof target === 'string' ? { source, target } : undefined;
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

function isOwn({ uid }: SocketPeer): boolean {
  return uid === process.geteuid?.();
}

/**
 * Asks one mount. Throws ERR_NOT_MOUNTED where its process has ended, ERR_FOREIGN_MOUNT where it is
 * another user's, ERR_NO_ANSWER where no complete answer comes in time, or the error that the mount
 * answers.
 */
export async function ask(
  control: ControlAddress,
  request: ControlRequest,
  timeoutMs: number,
): Promise<Exclude<ControlAnswer, { error: unknown }>> {
  const answer = await askOwn(control, request, timeoutMs);
  if (typeof answer !== 'object' || answer === null) throw noAnswer(control.pid);
  if (!('error' in answer)) return answer;
  const { code, what, why, advice } = answer.error;
  throw new FsBridgeError(code, what, why, advice ?? undefined);
}

/** Removes the file of a process that has ended. */
async function askOwn(
  control: ControlAddress,
  request: ControlRequest,
  timeoutMs: number,
): Promise<ControlAnswer | null> {
  try {
    const connection = connect(control);
    const { peer, socket } = connection;
    if (peer === undefined || isOwn(peer)) {
      return (await exchange(connection, control, request, timeoutMs)) as ControlAnswer | null;
    }
    socket.destroy();
    throw foreign(control, peer);
  } catch (error) {
    if (error instanceof FsBridgeError && error.code === 'ERR_NOT_MOUNTED') withdraw(control);
    throw error;
  }
}

/**
 * The process behind a channel, as the kernel has it: the number in the name of the file is only a
 * name. Throws as `ask` does, and ERR_NO_ANSWER where the process is not visible from here.
 */
export function processBehind(control: ControlAddress): number {
  const { peer, socket } = connect(control);
  socket.destroy();
  // On Windows the pipe is found by the number.
  if (peer === undefined) return control.pid;
  if (!isOwn(peer)) throw foreign(control, peer);
  if (peer.pid <= 0) throw noAnswer(control.pid);
  return peer.pid;
}

function foreign(control: ControlAddress, { pid, uid }: SocketPeer): FsBridgeError {
  return new FsBridgeError(
    'ERR_FOREIGN_MOUNT',
    control.file,
    `process ${pid} of the user ${userName(uid)} listens there, and is not believed`,
    'Remove that file if it is in your own folder.',
  );
}

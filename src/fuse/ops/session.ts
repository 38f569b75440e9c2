/** What concerns the mount as a whole: INIT, DESTROY, STATFS, SYNCFS, INTERRUPT. */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { root } from '../kernel-calls.ts';
import { agree } from '../negotiation.ts';
import { initOut, major, minor, minorLeast, outBody, sizes } from '../protocol.ts';
import type { Request } from '../request.ts';
import type { Session } from '../session.ts';
import { transferMostBytes } from '../wire.ts';

const pageBytes = 4096;
/**
 * Read-ahead and asynchronous requests that the host sends at once, and when it thinks it is many.
 */
const backgroundMost = 128;
const congestedFrom = 96;

export function init(session: Session, request: Request): void {
  const [hostMajor, hostMinor, readAheadBytes, offered] = [0, 1, 2, 3].map((at) =>
    request.word(at),
  ) as [number, number, number, number];
  const { u32 } = session.wire.out;
  u32.fill(0, outBody, outBody + sizes.initOut / 4);
  u32[outBody + initOut.major] = major;
  u32[outBody + initOut.minor] = minor;
  if (hostMajor > major) {
    // The host tries again with our version.
    session.answer(request, sizes.initOut);
    return;
  }
  if (hostMajor < major || hostMinor < minorLeast) {
    session.fail(request, -errno.EPROTO);
    session.onInit(`the host speaks version ${hostMajor}.${hostMinor} of FUSE's protocol`);
    return;
  }
  const offered2 = request.bodyBytes >= 20 ? request.word(4) : 0;
  const { flags, flags2 } = agree(session.features, offered, offered2);
  u32[outBody + initOut.maxReadahead] = Math.max(readAheadBytes, transferMostBytes);
  u32[outBody + initOut.flags] = flags;
  u32[outBody + initOut.flags2] = flags2;
  u32[outBody + initOut.backgroundAndCongestion] = backgroundMost | (congestedFrom << 16);
  u32[outBody + initOut.maxWrite] = transferMostBytes;
  u32[outBody + initOut.timeGran] = 1;
  u32[outBody + initOut.maxPagesAndMapAlignment] = transferMostBytes / pageBytes;
  session.answer(request, sizes.initOut);
  session.onInit();
}

/** The host is done; the device hangs up next. */
export function destroy(session: Session, request: Request): void {
  session.fail(request, 0);
}

export function statfs(session: Session, request: Request): void {
  const { calls, wire, volume } = session;
  calls.numbers(abi.BRIDGE_OP_fstatfs, root, volume.root, 0, 0, 0, (ret, slot) => {
    if (ret < 0) {
      session.fail(request, ret);
      return;
    }
    const from = calls.memory.u32;
    const start = calls.result(slot);
    const word = (field: number): number => from[(start + field) >>> 2] as number;
    const { u32 } = wire.out;
    u32.fill(0, outBody, outBody + sizes.statfsOut / 4);
    const wides = ['f_blocks', 'f_bfree', 'f_bavail', 'f_files', 'f_ffree'] as const;
    wides.forEach((field, index) => {
      u32[outBody + index * 2] = word(abi[`statfs64.${field}`]);
      u32[outBody + index * 2 + 1] = word(abi[`statfs64.${field}`] + 4);
    });
    u32[outBody + 10] = word(abi['statfs64.f_bsize']);
    u32[outBody + 11] = word(abi['statfs64.f_namelen']);
    u32[outBody + 12] = word(abi['statfs64.f_frsize']) || word(abi['statfs64.f_bsize']);
    session.answer(request, sizes.statfsOut);
  });
}

export function syncfs(session: Session, request: Request): void {
  session.calls.numbers(abi.BRIDGE_OP_syncfs, root, session.volume.root, 0, 0, 0, (ret) =>
    session.fail(request, Math.min(ret, 0)),
  );
}

export function interrupt(session: Session, request: Request): void {
  session.interruptions.interrupt(request.word(0), request.word(1));
  session.finishSilently(request);
}

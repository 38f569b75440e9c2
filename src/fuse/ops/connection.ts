/** Operations on the mount as a whole: INIT, DESTROY, STATFS, SYNCFS, INTERRUPT. */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import * as encode from '../../vfs-linux/calls/encode.ts';
import type { Slot } from '../../vfs-linux/slot.ts';
import { agree } from '../negotiation.ts';
import { initOut, major, minMinor, minor, outBody, sizes } from '../protocol.ts';
import type { FuseRequest } from '../request.ts';
import { maxTransferBytes } from '../wire.ts';

/** How many read-ahead and asynchronous requests the host sends at once. */
const maxBackground = 128;
/** From this many on the host takes the device for congested. */
const congestedFrom = 96;

export function init(request: FuseRequest): void {
  const { session } = request;
  const [hostMajor, hostMinor, readAheadBytes, offered] = [0, 1, 2, 3].map((at) =>
    request.word(at),
  ) as [number, number, number, number];
  const { u32 } = session.wire.out;
  u32.fill(0, outBody, outBody + sizes.initOut / 4);
  u32[outBody + initOut.major] = major;
  u32[outBody + initOut.minor] = minor;
  if (hostMajor > major) {
    // The host tries again with our version.
    request.answer(sizes.initOut);
    return;
  }
  if (hostMajor < major || hostMinor < minMinor) {
    request.fail(-errno.EPROTO);
    session.onInit(`the host speaks version ${hostMajor}.${hostMinor} of FUSE's protocol`);
    return;
  }
  const offered2 = request.bodyBytes >= 20 ? request.word(4) : 0;
  const { flags, flags2 } = agree(session.features, offered, offered2);
  u32[outBody + initOut.maxReadahead] = Math.max(readAheadBytes, maxTransferBytes);
  u32[outBody + initOut.flags] = flags;
  u32[outBody + initOut.flags2] = flags2;
  u32[outBody + initOut.backgroundAndCongestion] = maxBackground | (congestedFrom << 16);
  u32[outBody + initOut.maxWrite] = maxTransferBytes;
  u32[outBody + initOut.timeGran] = 1;
  u32[outBody + initOut.maxPagesAndMapAlignment] = maxTransferBytes / abi.PAGE_SIZE;
  request.answer(sizes.initOut);
  session.onInit();
}

/** The host sends this last; the device hangs up next. */
export function destroy(request: FuseRequest): void {
  request.answerResult(0);
}

export function statfs(request: FuseRequest): void {
  const { calls, wire, volume } = request.session;
  const fill = (slot: Slot): void => encode.fstatfs(slot, volume.root);
  calls.run(fill, (ret, { memory, second }) => {
    if (ret < 0) {
      request.fail(ret);
      return;
    }
    const word = (field: number): number => memory.u32[(second + field) >>> 2] as number;
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
    request.answer(sizes.statfsOut);
  });
}

export function syncfs(request: FuseRequest): void {
  const { calls, volume } = request.session;
  calls.run(
    (slot) => encode.syncfs(slot, volume.root),
    (ret) => request.answerResult(ret),
  );
}

export function interrupt(request: FuseRequest): void {
  request.session.interruptions.interrupt(request.word(0), request.word(1));
  request.endSilently();
}

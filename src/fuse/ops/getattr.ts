/** GETATTR and STATX. */
import { abi } from '../../vfs-linux/abi.gen.ts';
import { statxWordOf } from '../../vfs-linux/calls/slot-calls.ts';
import { answerAttr } from '../entry.ts';
import type { Node } from '../nodes.ts';
import { outBody, sizes } from '../protocol.ts';
import type { FuseRequest } from '../request.ts';

/** The word of a fuse_statx_out where its struct statx begins. The layout is Linux's own. */
const statxOutStat = 8;
const inoWord = abi['statx.stx_ino'] / 4;
const foreverSeconds = 1_000_000_000;

export function getattr(request: FuseRequest): void {
  request.withFd((fd, node) => answerStat(request, fd, node));
}

/** Answers with the attributes that a descriptor has now. */
export function answerStat(request: FuseRequest, fd: number, node: Node): void {
  const { calls } = request.session;
  calls.fstatx(fd, (ret, slot) => {
    if (ret < 0) request.fail(ret);
    else answerAttr(request, node, statxWordOf(slot));
  });
}

export function statx(request: FuseRequest): void {
  request.withFd((fd, node) => {
    const { calls, wire, entries } = request.session;
    calls.fstatx(fd, (ret, slot) => {
      if (ret < 0) {
        request.fail(ret);
        return;
      }
      const { u32 } = wire.out;
      const start = statxWordOf(slot);
      u32.fill(0, outBody, outBody + statxOutStat);
      u32[outBody] = foreverSeconds;
      const stat = calls.memory.u32.subarray(start, start + abi['statx.size'] / 4);
      u32.set(stat, outBody + statxOutStat);
      entries.writeIno(outBody + statxOutStat + inoWord, node, start);
      request.answer(sizes.statxOut);
    });
  });
}

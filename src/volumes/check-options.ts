/**
 * Refuses words among --options that are not for the file system inside. Whether a volume is
 * written is said by --rw alone: with `rw` among the options the volume would be written over a
 * source that is open for reading, and what is written would be lost at the end.
 */
import { FsBridgeError } from '../errors.ts';
import { keysOfOptions } from '../vfs-linux/mount-options.ts';

const hostFlag = /^(?:no)?(?:dev|suid|exec|writeback|symfollow)$/;
/** Words by which mount(8) does something else than to mount a disk. */
const otherActions: ReadonlySet<string> = new Set(['remount', 'bind', 'rbind', 'move']);

/** Throws ERR_USAGE for `rw`, `ro` against `--rw`, and words that mean another mount. */
export function checkVolumeOptions(options: string, write: boolean): void {
  for (const key of keysOfOptions(options)) {
    const refusal = refusalOf(key, write);
    if (refusal === undefined) continue;
    const [why, advice] = refusal;
    throw new FsBridgeError('ERR_USAGE', '--options', `"${key}" ${why}`, advice);
  }
}

/** Why that word is refused, and what to do; undefined where it is not. */
function refusalOf(key: string, write: boolean): readonly [string, string] | undefined {
  if (key === 'rw' && !write) {
    return ['does not allow writing', 'Write --rw to allow changes in the source.'];
  }
  if (key === 'ro' && write) {
    return ['and --rw contradict each other', 'Leave out --rw to read, or "ro" to write.'];
  }
  if (otherActions.has(key)) {
    const why = 'does not mount a disk';
    return [why, `Mount the volume with \`fsbridge mount\`, then use \`mount -o ${key}\`.`];
  }
  if (hostFlag.test(key)) {
    const why = 'is a flag of the mount on this computer, not an option of the file system';
    return [why, `Write \`fsbridge mount … --host-options ${key}\` on Linux.`];
  }
  return undefined;
}

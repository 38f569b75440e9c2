/** Runs fsbridge as a helper of mount(8), umount(8) and mount.fuse(8). */
import { exitCodeOf, report } from '../../observe/messages.ts';
import { splitOptions } from '../../split-options.ts';
import { fsbridgeArguments, parseHelperArguments, remountFlags } from './helper-arguments.ts';

/** mount(8)'s exit code "mount failure"; there, 1 is "incorrect invocation". */
const mountFailure = 32;

/** Runs the helper; answers the exit code that mount(8) passes on. */
export async function runHelper(
  calledAs: string,
  argv: readonly string[],
  run: (argv: readonly string[]) => Promise<number>,
): Promise<number> {
  try {
    const helper = parseHelperArguments(argv);
    const target = helper.places[1];
    if (helper.options.includes('remount') && target !== undefined) {
      const { remount } = await import('./remount.ts');
      await remount(target, remountFlags(helper, target));
      return 0;
    }
    const ours = fsbridgeArguments(calledAs, argv);
    if (ours?.[0] === 'mount' && (await isShownAgain(ours))) return 0;
    const code = ours === undefined ? 0 : await run(ours);
    return code === 1 ? mountFailure : code;
  } catch (error) {
    report(error);
    return exitCodeOf(error) === 2 ? 1 : mountFailure;
  }
}

/** Where the same volume is mounted already, shows that mount at the new place too. */
async function isShownAgain([
  ,
  source = '',
  target = '',
  ...own
]: readonly string[]): Promise<boolean> {
  const { findMounts } = await import('../control/client.ts');
  const running = (await findMounts()).map(({ status }) => status);
  if (running.length === 0) return false;
  const { mountSecond } = await import('./second-mount.ts');
  const at = own.indexOf('--host-options');
  const hostFlags = at < 0 ? [] : splitOptions(own[at + 1] ?? '');
  const options = at < 0 ? own : own.toSpliced(at, 2);
  return mountSecond({ source, target, options, hostFlags }, running);
}

/** Runs the scripted programs, each on a fresh volume, and lets the native kernel judge. */

import { fsckVerdict } from '../../../support/images/fsck.ts';
import { isRoot, withNativeMount } from '../../../support/native/native-mount.ts';
import type { Outcome, Setting } from '../runner.ts';
import { openVolume } from '../volumes.ts';
import { copying } from './copying.ts';
import { desktop } from './desktop.ts';
import { gitClone, hasGit } from './git.ts';
import type { Replay } from './replay.ts';

export const replays: readonly Replay[] = [...desktop, ...copying, ...(hasGit() ? [gitClone] : [])];

/** What failed, or undefined. */
async function replay(one: Replay, { type, factory }: Setting): Promise<string | undefined> {
  const { prepare } = one;
  const open = await openVolume({
    kind: 'usual',
    type,
    factory,
    ...(prepare === undefined ? {} : { prepare }),
  });
  let isUnmounted = false;
  try {
    await one.run(open.win);
    await open.driver.settle();
    const handles = open.driver.openHandles;
    if (handles.length > 0) return `handles are open still: ${handles.join(' ')}`;
    await open.unmount();
    isUnmounted = true;
    const verdict = await fsckVerdict(open.image, type);
    if (!verdict.clean) return verdict.output;
    if (isRoot) await withNativeMount(open.image, { type }, one.check);
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const requests = open.driver.trace.slice(-8).join('\n  ');
    return `${text.split('\n').slice(0, 14).join('\n')}\nThe last requests:\n  ${requests}`;
  } finally {
    if (!isUnmounted) await open.kernel.close().catch(() => {});
    open.remove();
  }
}

export async function runReplays(
  wanted: readonly Replay[],
  setting: Setting,
  report: (outcome: Outcome) => void,
): Promise<void> {
  for (const one of wanted) {
    const started = performance.now();
    const failure = await replay(one, setting);
    const { name, rule } = one;
    const tookMs = performance.now() - started;
    report({ name, rule, setting, tookMs, ...(failure === undefined ? {} : { failure }) });
  }
}

/** The replayed programs. */
import { copying } from './copying.ts';
import { desktop } from './desktop.ts';
import { gitClone } from './git.ts';
import type { Replay } from './replay.ts';

export const replays: readonly Replay[] = [...desktop, ...copying, gitClone];

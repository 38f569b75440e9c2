/** Sequences of several calls, each in a folder of its own: what calls on one path do not show. */
import { changeScenarios } from './changes.ts';
import { dataScenarios } from './data.ts';
import { kindScenarios } from './kinds.ts';
import { ownerScenarios } from './owners.ts';
import { inFolder, Transcript } from './transcript.ts';

export function scenarios(root: string): void {
  const all = [...ownerScenarios, ...changeScenarios, ...kindScenarios, ...dataScenarios];
  for (const [name, run] of all) {
    inFolder(root, () => {
      const transcript = new Transcript(`${name}: `);
      try {
        run(transcript);
      } catch (error) {
        transcript.say('broke off', error instanceof Error ? error.message : String(error));
      }
    });
  }
}

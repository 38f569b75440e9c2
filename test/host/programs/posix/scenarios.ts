/** Stories of several calls, each in a folder of its own: what one path alone does not show. */
import { changes } from './changes.ts';
import { dataStories } from './data.ts';
import { kindStories } from './kinds.ts';
import { ownerStories } from './owners.ts';
import { inFolder, Transcript } from './transcript.ts';

export type Story = readonly [name: string, tell: (t: Transcript) => void];

export function scenarios(root: string): void {
  for (const [name, tell] of [...ownerStories, ...changes, ...kindStories, ...dataStories]) {
    inFolder(root, () => {
      const transcript = new Transcript(`${name}: `);
      try {
        tell(transcript);
      } catch (error) {
        transcript.say('broke off', error instanceof Error ? error.message : String(error));
      }
    });
  }
}

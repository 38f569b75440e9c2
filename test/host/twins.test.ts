/**
 * The twin test: every image of the catalogue (test/support/images/twin-images.ts) is made with
 * the real mkfs, and `fsbridge manifest --hash` has to say of it, line by line, what this
 * machine's own kernel says. Where that kernel does not mount the type or one of its features, the
 * folder that the image was made from is the judge, as far as the tool keeps it
 * (test/support/images/tool-facts.ts); an image that was not filled has to be empty. Afterwards
 * the image has to be unchanged, byte by byte.
 *
 * Needs root, for loop mounts. TWIN=regex takes only the recipes whose names match.
 */
import { afterAll, expect, test } from 'vitest';
import { FsBridgeError } from '../../src/errors.ts';
import { cliManifest } from '../support/cli/cli-manifest.ts';
import type { ImageRecipe } from '../support/images/image-recipe.ts';
import { type MadeImage, makeImage } from '../support/images/images.ts';
import { sparseDigest } from '../support/images/sparse-digest.ts';
import { compareWithSource, toolFactsKnown } from '../support/images/tool-facts.ts';
import { twinImages } from '../support/images/twin-images.ts';
import { lanes } from '../support/lanes.ts';
import {
  compareManifests,
  type Difference,
  firstDifference,
  saveDifferences,
} from '../support/native/manifest-compare.ts';
import {
  type ManifestEntry,
  nativeManifest,
  nativeMounts,
} from '../support/native/native-mount.ts';
import { describeUnless, notRoot } from '../support/needs.ts';

const recipeTimeoutMs = 240_000;

const wanted = new RegExp(process.env['TWIN'] ?? '');
const recipes = twinImages.filter((recipe) => wanted.test(recipe.name));

interface Judge {
  readonly name: string;
  /** What it has against the manifest. */
  readonly compare: (ours: readonly ManifestEntry[]) => readonly Difference[];
}

/** What mkfs itself puts into the top folder. */
const fromMkfs = /^\/$|^\/lost\+found$|^\/\.nilfs$/;

function emptyJudge(why: string): Judge {
  return {
    name: `empty, ${why}`,
    compare: (ours) =>
      ours
        .filter(({ path, error }) => error !== undefined || !fromMkfs.test(path ?? ''))
        .map((entry) => ({
          path: `${entry.path}`,
          field: 'entry',
          ours: entry,
          theirs: undefined,
        })),
  };
}

/** The judge of the image's content. */
async function chooseJudge(made: MadeImage): Promise<Judge> {
  const { recipe, path, sourceFolder, filledBy } = made;
  const { type } = recipe;
  let why = 'no native mount';
  if (await nativeMounts(type)) {
    try {
      const theirs = await nativeManifest(path, { hash: true, mount: { type } });
      return { name: 'native kernel', compare: (ours) => compareManifests(ours, theirs) };
    } catch (error) {
      if (!(error instanceof FsBridgeError) || !/^E[A-Z0-9]+$/.test(error.code)) throw error;
      why = `native mount: ${error.code}`;
    }
  }
  if (filledBy === 'nothing') return emptyJudge(why);
  if (sourceFolder === undefined)
    throw new Error(`${recipe.name}: there is no judge of its content`);
  expect(toolFactsKnown(type), `what the tools keep for ${type}`).toBe(true);
  const source = await nativeManifest(sourceFolder, { hash: true });
  const compare = (ours: readonly ManifestEntry[]): readonly Difference[] =>
    compareWithSource(type, ours, source);
  return { name: `its folder, ${why}`, compare };
}

/** Makes the image and compares; answers the end of its row in the table. */
async function compareTwins(recipe: ImageRecipe): Promise<string> {
  await using made = await makeImage(recipe);
  const judge = await chooseJudge(made);
  const before = await sparseDigest(made.path);
  const ours = await cliManifest(made.path, { hash: true });
  expect(ours.status, ours.stderr).toBe(0);
  expect(await sparseDigest(made.path), 'the image was changed').toBe(before);
  const differences = judge.compare(ours.entries);
  if (differences.length > 0) {
    const file = await saveDifferences(recipe.name, differences);
    throw new Error(`${firstDifference(differences)}, says the ${judge.name} (all: ${file})`);
  }
  // So that two empty manifests are no success.
  expect(ours.entries.length).toBeGreaterThan(made.filledBy === 'nothing' ? 0 : 2000);
  return `${String(ours.entries.length).padStart(6)} entries, ${judge.name}`;
}

const table: string[] = [];

async function runRecipe(recipe: ImageRecipe, skip: (why: string) => void): Promise<void> {
  const started = performance.now();
  const row = (word: string, text: unknown): void => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5);
    table.push(`${recipe.name.padEnd(28)} ${word.padEnd(8)} ${seconds} s  ${text}`);
  };
  try {
    row('same', await compareTwins(recipe));
  } catch (error) {
    const refused = error instanceof FsBridgeError && error.code === 'ERR_MKFS_REFUSED';
    row(refused ? 'skipped' : 'DIFFERS', refused ? error.why : `${error}`.split('\n')[0]);
    if (refused) skip(error.why);
    throw error;
  }
}

describeUnless(notRoot)('fsbridge sees in an image what Linux sees in it', () => {
  const inLane = lanes(2);

  afterAll(() => {
    const words = table.map((row) => row.split(/ +/)[1]);
    const count = (word: string): number => words.filter((one) => one === word).length;
    const [same, differs, skipped] = [count('same'), count('DIFFERS'), count('skipped')];
    console.log(table.sort().join('\n'));
    console.log(`twins: ${same} same, ${differs} differ, ${skipped} skipped`);
  });

  for (const recipe of recipes) {
    test.concurrent(recipe.name, { timeout: recipeTimeoutMs }, (context) =>
      inLane(() => runRecipe(recipe, (why) => context.skip(why))),
    );
  }
});

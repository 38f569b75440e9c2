/**
 * An image factory for tests: the real mkfs of a file system on a sparse file, filled with a tree
 * that has everything Linux knows (test/support/images/fill-tree.py), the same for the same seed.
 *
 *     recipe -- mkfs --> empty image -- native mount + fill-tree.py --> image
 *                              \------- the tools' own way to populate --> image
 *     recipe -- fill-tree.py --> source folder -- mkfs.erofs, mksquashfs, … --> image
 *
 * Invariants:
 * 1. What a recipe's mkfs refuses on this machine is ERR_MKFS_REFUSED, and nothing else is: a test
 *    leaves such a recipe out with the reason, and fails for every other error.
 * 2. An image is a regular file in a temporary folder of its own, unmounted when it is handed out.
 *    `dispose` removes the folder.
 */
import { mkdir, mkdtemp, open, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsBridgeError } from '../../../src/errors.ts';
import { nativeMountErrno, nativeMounts, withNativeMount } from '../native/native-mount.ts';
import { run } from '../run-program.ts';
import { fillStandard } from './fill-standard.ts';
import type { ImageRecipe } from './image-recipe.ts';
import { writeXfsProtofile } from './xfs-protofile.ts';

export interface MadeImage extends AsyncDisposable {
  readonly path: string;
  readonly recipe: ImageRecipe;
  readonly filledBy: 'native mount' | 'tools' | 'nothing';
  /** The errno's name of the native kernel's refusal to mount it writable, where it was asked. */
  readonly nativeRefusal: string | undefined;
  /** The folder the tools were given, to compare with; there until `dispose`. */
  readonly sourceFolder: string | undefined;
  readonly dispose: () => Promise<void>;
}

interface Workshop {
  readonly recipe: ImageRecipe;
  readonly seed: number;
  readonly folder: string;
  readonly image: string;
  source: string | undefined;
}

function uses(commands: readonly (readonly string[])[], placeholder: string): boolean {
  return commands.some((argv) => argv.some((argument) => argument.includes(placeholder)));
}

async function makeSource(shop: Workshop): Promise<string> {
  if (shop.source !== undefined) return shop.source;
  const source = join(shop.folder, 'source');
  await mkdir(source);
  const { fill, sourceOptions = [] } = shop.recipe;
  if (fill === 'standard') {
    await fillStandard(source, shop.seed, ['--for-tools', ...sourceOptions]);
  } else if (fill !== 'none') {
    await fill(source);
  }
  shop.source = source;
  return source;
}

/**
 * e2fsck's 1 is "errors corrected", what it was called for; sload.f2fs says Error and ends with 0.
 */
function succeeded(argv: readonly string[], status: number, said: string): boolean {
  if (argv[0] === 'sload.f2fs' && /^\s*Error:/m.test(said)) return false;
  return status === 0 || (argv[0] === 'e2fsck' && status === 1);
}

async function runAll(shop: Workshop, commands: readonly (readonly string[])[]): Promise<void> {
  const source = uses(commands, '{source}') ? await makeSource(shop) : '';
  const values: Record<string, string> = { '{image}': shop.image, '{source}': source };
  for (const version of ['v4', 'v5'] as const) {
    const placeholder = `{proto-${version}}`;
    if (!uses(commands, placeholder)) continue;
    values[placeholder] = join(shop.folder, `proto-${version}`);
    await writeXfsProtofile(await makeSource(shop), values[placeholder], version);
  }
  for (const command of commands) {
    const argv = command.map((argument) =>
      argument.replace(/\{[a-z0-9-]+\}/g, (placeholder) => values[placeholder] ?? placeholder),
    );
    const result = await run(argv);
    const said = `${result.stdout.toString('utf8')}${result.stderr}`;
    if (!succeeded(argv, result.status, said)) {
      const told = said.split(/[\r\n]+/).filter((line) => line.trim() !== '');
      // The first line has the reason where a usage text follows it, the last one else.
      const why = [...new Set([told[0], told.at(-1)])].join(' … ').slice(0, 300);
      throw new FsBridgeError('ERR_PROGRAM_FAILED', argv.join(' '), why);
    }
  }
}

async function runMkfs(shop: Workshop): Promise<void> {
  const { mkfs, sizeBytes } = shop.recipe;
  const argv = uses([mkfs], '{image}') ? mkfs : [...mkfs, '{image}'];
  if (uses([mkfs], '{source}')) await makeSource(shop);
  if (sizeBytes > 0) {
    await (await open(shop.image, 'w')).close();
    await truncate(shop.image, sizeBytes);
  }
  try {
    await runAll(shop, [argv]);
  } catch (error) {
    if (!(error instanceof FsBridgeError)) throw error;
    const advice = 'Leave this recipe out, or install a newer version of the program.';
    throw new FsBridgeError('ERR_MKFS_REFUSED', shop.recipe.name, error.why, advice);
  }
}

async function fillThroughMount(shop: Workshop): Promise<string | undefined> {
  const { type, fill, fillOptions } = shop.recipe;
  if (!(await nativeMounts(type))) return 'ENODEV';
  const mount = fillOptions === undefined ? { type } : { type, options: fillOptions };
  const refusal = await nativeMountErrno(shop.image, mount);
  if (refusal !== undefined) return refusal;
  await withNativeMount(shop.image, mount, async (folder) => {
    if (fill === 'standard') await fillStandard(folder, shop.seed);
    else if (fill !== 'none') await fill(folder);
  });
  return undefined;
}

/**
 * Fills an image that has been through mkfs; answers by what it was filled, and the kernel's
 * refusal.
 */
async function fillImage(shop: Workshop): Promise<Pick<MadeImage, 'filledBy' | 'nativeRefusal'>> {
  const { recipe } = shop;
  const none = { filledBy: 'nothing', nativeRefusal: undefined } as const;
  if (recipe.fill === 'none') return none;
  if (uses([recipe.mkfs], '{source}')) return { ...none, filledBy: 'tools' };
  const refusal = recipe.preferPopulate === true ? undefined : await fillThroughMount(shop);
  if (refusal === undefined && recipe.preferPopulate !== true) {
    return { ...none, filledBy: 'native mount' };
  }
  if (recipe.populate === undefined) return { ...none, nativeRefusal: refusal };
  await runAll(shop, recipe.populate);
  return { filledBy: 'tools', nativeRefusal: refusal };
}

/**
 * Makes the image of a recipe. Throws FsBridgeError ERR_MKFS_REFUSED where this machine's mkfs does
 * not know the recipe's options (or is not installed).
 */
export async function makeImage(recipe: ImageRecipe, seed = 1): Promise<MadeImage> {
  const folder = await mkdtemp(join(tmpdir(), 'fsbridge-image-'));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const shop: Workshop = {
    recipe,
    seed,
    folder,
    image: join(folder, `${recipe.name}.img`),
    source: undefined,
  };
  try {
    await runMkfs(shop);
    await runAll(shop, recipe.afterMkfs ?? []);
    const filled = await fillImage(shop);
    await runAll(shop, recipe.afterFill ?? []);
    const made = { path: shop.image, recipe, sourceFolder: shop.source, dispose };
    return { ...made, ...filled, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/**
 * Every image of the corpus, most of them damaged on purpose, as fsbridge sees it and as this
 * machine's own kernel does: what one mounts, the other mounts with the same manifest; what one
 * refuses, the other refuses with the same errno. test/host/corpus-differences.ts lists, by name
 * and with the cause, where two kernels of different versions and configurations part.
 *
 * A type that the machine's kernel does not have is judged by itself: the command ends in time,
 * says yes or no, and says the same twice.
 *
 * CORPUS=regex takes only the images whose names match. The native half needs root.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FsBridgeError } from '../../src/errors.ts';
import { type CliManifest, cliManifest, endedWell } from '../support/cli/cli-manifest.ts';
import {
  type CorpusImage,
  corpusImage,
  corpusTypes,
  listCorpus,
} from '../support/images/corpus.ts';
import {
  corpusDifferences,
  listedFor,
  nativeForbidden,
  type What,
} from '../support/images/corpus-differences.ts';
import { detectFile } from '../support/images/readers.ts';
import { lanes } from '../support/lanes.ts';
import {
  compareManifests,
  type Difference,
  firstDifference,
  saveDifferences,
} from '../support/native/manifest-compare.ts';
import {
  isRoot,
  type ManifestEntry,
  nativeManifest,
  nativeMounts,
  withNativeMount,
} from '../support/native/native-mount.ts';
import { describeUnless, noCorpus } from '../support/needs.ts';
import { mustRun } from '../support/run-program.ts';

const commandTimeoutMs = 30_000;
const testTimeoutMs = 240_000;

const corpus = listCorpus();
const wanted = new RegExp(process.env['CORPUS'] ?? '');
const images = (corpus ?? []).filter((image) => wanted.test(image.name));

interface Found {
  readonly what: What;
  readonly text: string;
  /** Of two manifests: in which fields they differ. */
  readonly fields?: readonly string[];
}

interface Verdict {
  readonly image: string;
  /** The type that it is mounted as, or was tried as. */
  readonly type: string;
  readonly word: 'same manifest' | 'refused alike' | 'stable' | 'refused' | 'nothing to mount';
  readonly found: readonly Found[];
}

type NativeAnswer = { readonly entries: readonly ManifestEntry[] } | { readonly errno: string };

/** Whether the machine's own kernel is the judge. */
async function asksNative(image: CorpusImage, type: string): Promise<boolean> {
  return isRoot && !nativeForbidden.has(image.name) && (await nativeMounts(type));
}

/** btrfs remembers devices by the UUID in them, and images of the corpus share theirs. */
const oneBtrfs = lanes(1);

/** What the machine's kernel makes of a copy of the image, as a read-only mount. */
async function askNative(path: string, type: string): Promise<NativeAnswer> {
  const scratch = await mkdtemp(join(tmpdir(), 'fsbridge-corpus-copy-'));
  const copy = join(scratch, 'image');
  const mount = { type, readOnly: true };
  const ask = (): Promise<NativeAnswer> =>
    withNativeMount(copy, mount, async (folder) => ({
      entries: await nativeManifest(folder, { hash: true }),
    }));
  try {
    await mustRun(['cp', '--sparse=always', '--reflink=auto', '--', path, copy]);
    return await (type === 'btrfs' ? oneBtrfs(ask) : ask());
  } catch (error) {
    if (!(error instanceof FsBridgeError) || !/^E[A-Z0-9]+$/.test(error.code)) throw error;
    return { errno: error.code };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The command on the image; a crash, or no answer in time, fails the test at once. */
async function askOurs(path: string, type?: string): Promise<CliManifest> {
  const wish = { hash: true, timeoutMs: commandTimeoutMs };
  const answer = await cliManifest(path, type === undefined ? wish : { ...wish, type });
  const { status, stderr } = answer;
  expect(endedWell(answer), `status ${status}: ${stderr.slice(-2000)}`).toBe(true);
  return answer;
}

async function manifestsDiffer(
  image: CorpusImage,
  what: 'manifest' | 'unstable',
  ours: readonly ManifestEntry[],
  theirs: readonly ManifestEntry[],
): Promise<Found[]> {
  const differences: Difference[] = compareManifests(ours, theirs);
  if (differences.length === 0) return [];
  const file = await saveDifferences(image.name, differences);
  const fields = [...new Set(differences.map(({ field }) => field))];
  return [{ what, text: `${firstDifference(differences)} (all: ${file})`, fields }];
}

/**
 * Without --type it has to come to the same: as what is recognised, or, where nothing is, by trying
 * all types. ext4 is the driver of ext2 and ext3 as well.
 */
async function judgeDetection(
  image: CorpusImage,
  path: string,
  type: string,
  expected: readonly ManifestEntry[],
): Promise<Found[]> {
  const driver = /^ext[234]$/.test(type) ? 'ext4' : type;
  const detected = await detectFile(path);
  if (detected !== undefined && detected.kernelTypes[0] !== driver) {
    const text = `it mounts as ${type}, but ${detected.type} is recognised`;
    return [{ what: 'detection', text }];
  }
  // The native kernel is the judge: a recognised image needs no second run.
  if (detected !== undefined && (await asksNative(image, type))) return [];
  const second = await askOurs(path);
  if (second.status !== 0) {
    return [{ what: 'detection', text: `it mounts as ${type}; without --type: ${second.code}` }];
  }
  return await manifestsDiffer(image, 'unstable', second.entries, expected);
}

async function judgeAgainstNative(
  image: CorpusImage,
  path: string,
  type: string,
): Promise<Verdict> {
  const [native, ours] = [await askNative(path, type), await askOurs(path, type)];
  const verdict = { image: image.name, type };
  if ('errno' in native) {
    if (ours.status === 0) {
      const text = `natively as ${type}: ${native.errno}`;
      return { ...verdict, word: 'stable', found: [{ what: 'mounted here only', text }] };
    }
    const text = `as ${type}: ${ours.code} here, ${native.errno} natively`;
    const found: Found[] = ours.code === native.errno ? [] : [{ what: 'errno', text }];
    return { ...verdict, word: 'refused alike', found };
  }
  if (ours.status !== 0) {
    const text = `here as ${type}: ${ours.code}`;
    return { ...verdict, word: 'refused', found: [{ what: 'mounted natively only', text }] };
  }
  const found = [
    ...(await manifestsDiffer(image, 'manifest', ours.entries, native.entries)),
    ...(await judgeDetection(image, path, type, ours.entries)),
  ];
  return { ...verdict, word: 'same manifest', found };
}

async function judgeAlone(image: CorpusImage, path: string, type: string): Promise<Verdict> {
  const first = await askOurs(path, type);
  const verdict = { image: image.name, type };
  if (first.status !== 0) return { ...verdict, word: 'refused', found: [] };
  const found = await judgeDetection(image, path, type, first.entries);
  return { ...verdict, word: 'stable', found };
}

/** Tries the image's types, the likeliest first, until one mounts; as mount(8) would. */
async function judge(image: CorpusImage): Promise<Verdict> {
  const path = await corpusImage(image);
  const types = await corpusTypes(image);
  const found: Found[] = [];
  let last: Verdict | undefined;
  for (const type of types) {
    const native = await asksNative(image, type);
    last = await (native ? judgeAgainstNative : judgeAlone)(image, path, type);
    found.push(...last.found);
    if (last.word === 'same manifest' || last.word === 'stable') break;
  }
  if (last !== undefined) return { ...last, found };
  // A disk of an array, a partition table, or no bytes at all: the command has to say so.
  await askOurs(path);
  return { image: image.name, type: 'none', word: 'nothing to mount', found };
}

const verdicts: Verdict[] = [];

/** Fails for a difference that is not listed, and for a listed one that is not found. */
function expectAsListed(verdict: Verdict): void {
  const rows = corpusDifferences.filter((row) => row.image === verdict.image);
  const unlisted = verdict.found.filter(({ what, fields = [] }) => {
    const row = rows.find((one) => one.what === what);
    return row === undefined || fields.some((field) => row.fields?.includes(field) === false);
  });
  expect(unlisted, 'differences that corpus-differences.ts does not explain').toEqual([]);
  if (!isRoot || !release().startsWith(listedFor)) return;
  const over = rows.filter(({ what }) => !verdict.found.some((found) => found.what === what));
  expect(over, 'rows of corpus-differences.ts that are no longer true: remove them').toEqual([]);
}

function summary(): string {
  const groups = new Map<string, Map<string, number>>();
  for (const { type, word, found } of verdicts) {
    const words = groups.get(type) ?? new Map<string, number>();
    groups.set(type, words);
    const all = found.length === 0 ? word : `${word}, but for the listed differences`;
    words.set(all, (words.get(all) ?? 0) + 1);
  }
  const lines = [...groups].sort().map(([type, words]) => {
    const parts = [...words].sort().map(([word, count]) => `${count} ${word}`);
    return `corpus ${type.padEnd(12)} ${parts.join('; ')}`;
  });
  return lines.join('\n');
}

describeUnless(noCorpus)('an image of the corpus is seen as Linux sees it', () => {
  const inLane = lanes(2);

  afterAll(async () => {
    const unlike = verdicts.filter(({ found }) => found.length > 0);
    const file = await saveDifferences('corpus', unlike);
    console.log(`${summary()}\nlisted or not, ${unlike.length} differ: ${file}`);
  });

  test('every row of the list of differences is of an image', () => {
    const names = new Set((corpus ?? []).map((image) => image.name));
    expect(corpusDifferences.filter((row) => !names.has(row.image))).toEqual([]);
    expect([...nativeForbidden.keys()].filter((name) => !names.has(name))).toEqual([]);
  });

  for (const image of images) {
    test.concurrent(image.name, { timeout: testTimeoutMs }, () =>
      inLane(async () => {
        const verdict = await judge(image);
        verdicts.push(verdict);
        expectAsListed(verdict);
      }),
    );
  }
});

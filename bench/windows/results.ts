/**
 * The results of the Windows way: requests per second at the driver, and the cost of each layer.
 */
import { type Sizes, treeFiles } from '../image.ts';
import type { Result } from '../report.ts';
import { type Layer, readBytes, WindowsWay } from './layers.ts';

const layers: readonly Layer[] = ['dispatcher', 'engine', 'kernel'];
/** Warm-up rounds, not counted: V8 keeps optimising for some seconds. */
const warmUps = 4;
/** The name of each layer by itself, in the table. */
const between: Readonly<Record<Layer, string>> = {
  dispatcher: 'decode, queue, encode',
  engine: 'engine',
  kernel: 'kernel',
};

interface Operation {
  readonly name: string;
  readonly unit: string;
  /** The aim, in `unit`. */
  readonly target: number;
  readonly count: number;
  /** Turns requests per second into `unit`. */
  readonly worth: number;
  run(way: WindowsWay, layer: Layer, count: number): Promise<number>;
}

function operations(sizes: Sizes, isQuick: boolean): Operation[] {
  const part = isQuick ? 4 : 1;
  return [
    {
      name: 'windows: query information',
      unit: 'per s',
      target: 60_000,
      count: 64_000 / part,
      worth: 1,
      run: (way, layer, count) => way.queryInformation(layer, count),
    },
    {
      name: 'windows: create, cleanup, close of an existing file',
      unit: 'per s',
      target: 30_000,
      count: 32_000 / part,
      worth: 1,
      run: (way, layer, count) => way.openAndClose(layer, count),
    },
    {
      name: 'windows: cached reads of 64 KiB',
      unit: 'GB/s',
      target: 3,
      count: (sizes.warmBytes / readBytes) * 4,
      worth: readBytes / 1e9,
      run: (way, layer, count) => way.read(layer, sizes.warmBytes, count),
    },
  ];
}

/** The fastest round of each layer. The layers take turns. */
async function measureLayers(
  way: WindowsWay,
  operation: Operation,
  rounds: number,
): Promise<Map<Layer, number>> {
  const best = new Map<Layer, number>();
  for (let round = -warmUps; round < rounds; round++) {
    for (const layer of layers) {
      const tookMs = await operation.run(way, layer, operation.count);
      if (round >= 0)
        best.set(layer, Math.min(best.get(layer) ?? Number.POSITIVE_INFINITY, tookMs));
    }
  }
  return best;
}

function toResults(operation: Operation, best: ReadonlyMap<Layer, number>): Result[] {
  const microseconds = (layer: Layer): number => ((best.get(layer) ?? 0) * 1000) / operation.count;
  const results: Result[] = [
    {
      name: operation.name,
      unit: operation.unit,
      better: 'higher',
      target: operation.target,
      fsbridge: (1e6 / microseconds('dispatcher')) * operation.worth,
      peers: {},
    },
  ];
  for (const [index, layer] of layers.entries()) {
    const below = layers[index + 1];
    const own = microseconds(layer) - (below === undefined ? 0 : microseconds(below));
    results.push({
      name: `${operation.name}: ${between[layer]}`,
      unit: 'µs',
      better: 'lower',
      fsbridge: own,
      peers: {},
    });
  }
  return results;
}

export interface WindowsOptions {
  readonly only: RegExp;
  readonly sizes: Sizes;
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly print: (text: string) => void;
}

/** Measures on an image of its own. */
export async function windowsResults(
  image: string,
  type: string,
  options: WindowsOptions,
): Promise<Result[]> {
  const wanted = operations(options.sizes, options.isQuick).filter(({ name }) =>
    options.only.test(name),
  );
  if (wanted.length === 0) return [];
  const way = await WindowsWay.open(image, type, treeFiles(options.sizes));
  const results: Result[] = [];
  for (const operation of wanted) {
    options.print(`${operation.name} ... `);
    const made = toResults(operation, await measureLayers(way, operation, options.rounds));
    const parts = made.map(({ name, fsbridge = 0, unit }) => {
      const label = name === operation.name ? '' : `${name.split(': ').at(-1)} `;
      return `${label}${fsbridge.toLocaleString('en', { maximumSignificantDigits: 3 })} ${unit}`;
    });
    options.print(`${parts.join(', ')}\n`);
    results.push(...made);
  }
  await way.close();
  return results;
}

/**
 * What the sources say of each other, for the rules of the house: which file imports which, types and
 * `import()` included, and which files go round in a circle.
 */
import fs from 'node:fs';
import path from 'node:path';

const root: string = path.resolve(import.meta.dirname, '../..');

/** Files below a folder of the project, as paths from its root. */
export function filesBelow(folder: string, ending: RegExp): string[] {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
}

export const readSource = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8');

const importPattern = /(?:\bfrom\s*|\bimport\s*\(\s*|^import\s+)['"](\.[^'"]+)['"]/gm;
const includePattern = /^\s*#\s*include\s+"([^"]+)"/gm;

/** The files of the project that a TypeScript file imports: by `import`, `export … from`, `import()`. */
export function importsOf(file: string): string[] {
  const targets = [...readSource(file).matchAll(importPattern)].map(([, target]) =>
    path.join(path.dirname(file), target as string),
  );
  return [...new Set(targets)];
}

/** The files beside a C file that it includes; the kernel's own headers are not the house's. */
export function includesOf(file: string): string[] {
  const targets = [...readSource(file).matchAll(includePattern)].map(([, target]) =>
    path.join(path.dirname(file), target as string),
  );
  return targets.filter((target) => fs.existsSync(path.join(root, target)));
}

/** A way back to where it began, such as a -> b -> a; one for each circle, shortest first. */
export function findCircles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = [];
  const known = new Set<string>();
  for (const start of [...edges.keys()].sort()) {
    if (known.has(start)) continue;
    const way = shortestWayBack(edges, start);
    if (way === undefined) continue;
    for (const file of way) known.add(file);
    circles.push(way.join(' -> '));
  }
  return circles.sort((a, b) => a.length - b.length);
}

/** Breadth first from a file to itself; undefined where no import leads back. */
function shortestWayBack(
  edges: ReadonlyMap<string, readonly string[]>,
  start: string,
): string[] | undefined {
  const from = new Map<string, string>();
  const queue = [start];
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    for (const next of edges.get(file) ?? []) {
      if (next === start) {
        const way = [start];
        for (let at = file; at !== start; at = from.get(at) as string) way.unshift(at);
        return [start, ...way];
      }
      if (from.has(next)) continue;
      from.set(next, file);
      queue.push(next);
    }
  }
  return undefined;
}

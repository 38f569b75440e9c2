/**
 * What the sources say of each other, for the rules of the house: which file imports which, types
 * and `import()` included, and which files go round in a circle.
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

/**
 * The files of the project that a TypeScript file imports: by `import`, `export … from`,
 * `import()`.
 */
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

/** The source without its comments: a name in a comment reads nothing. */
function codeOf(file: string): string {
  return readSource(file).replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
}

const bodyPattern = /^(?:export )?(?:abstract )?(?:class|interface) (\w+)[^\n]*\{\n([\s\S]*?)^\}/gm;
const memberPattern =
  /^ {2}(?:(?:override|static|async|readonly|protected|get|set) )*([a-zA-Z]\w*)[?!]?(?=: |\(|<| = )/gm;

/** A member of a class or an interface, and where it is declared. */
export interface Member {
  readonly name: string;
  readonly owner: string;
  readonly file: string;
}

/**
 * The members that a file's classes and interfaces declare, private ones (#) left to the compiler.
 */
export function membersOf(file: string): Member[] {
  return [...codeOf(file).matchAll(bodyPattern)].flatMap(([, owner, body]) =>
    [...(body as string).matchAll(memberPattern)]
      .map(([, name]) => ({ name: name as string, owner: owner as string, file }))
      .filter(({ name }) => name !== 'constructor'),
  );
}

/**
 * The members that no code reads, by their names: as `.name`, or in a pattern or an object's
 * braces. A name is enough: two members of one name vouch for each other.
 */
export function unreadMembers(files: readonly string[]): Member[] {
  const members = files.flatMap(membersOf);
  const code = files.map(codeOf).join('\n');
  const read = new Set([...code.matchAll(/\.\s*([A-Za-z_]\w*)/g)].map(([, name]) => name));
  const taken = new Map<string, number>();
  for (const [, name] of code.matchAll(/[{,]\s*([A-Za-z_]\w*)\s*(?=[,}=]|: *\w)/g)) {
    taken.set(name as string, (taken.get(name as string) ?? 0) + 1);
  }
  return members.filter(({ name }) => !read.has(name) && (taken.get(name) ?? 0) === 0);
}

/** Names of exported classes that more than one file declares, with the files. */
export function sharedClassNames(files: readonly string[]): string[] {
  const owners = new Map<string, string[]>();
  for (const file of files) {
    for (const [, name] of codeOf(file).matchAll(/^export (?:abstract )?class (\w+)/gm)) {
      owners.set(name as string, [...(owners.get(name as string) ?? []), file]);
    }
  }
  return [...owners]
    .filter(([, where]) => where.length > 1)
    .map(([name, where]) => `${name}: ${where.join(', ')}`);
}

/**
 * Which C file of native/arch/wasm needs which other one: by the names of functions and variables
 * that one defines and the other uses. It is a scan of the text, not a parse: a name counts if one
 * of our headers declares it (or the table of operations in slots.h), and it is defined in the
 * file that has it at the start of a line of its own.
 */
import path from 'node:path';
import { filesBelow, readSource } from './house.ts';

const folder = 'native/arch/wasm';

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
}

/** The names that our headers offer to other files. */
function declaredNames(headers: readonly string[]): Set<string> {
  const names = new Set<string>();
  for (const text of headers) {
    for (const [, name] of text.matchAll(/^(?!static|typedef|#|\s|return)[^;{}()#]*?(\w+)\(/gm)) {
      names.add(name as string);
    }
    for (const [, name] of text.matchAll(/^extern [^;()]*?(\w+)(?:\[[^;]*)?;/gm)) {
      names.add(name as string);
    }
    for (const [, name] of text.matchAll(/^\tX\((\w+)\)/gm)) names.add(`op_${name}`);
  }
  return names;
}

/**
 * Whether the text defines the function or variable: at the start of a line, with a body or value.
 */
function defines(text: string, name: string): boolean {
  const begin = `^(?!extern|static|\\s|#)[^;{}()\\n]*\\b${name}`;
  return new RegExp(`${begin}(?:\\([^;]*?\\)\\s*\\{|(?:\\[[^;=]*)?\\s*(?:=|;))`, 'm').test(text);
}

/** The names that inline functions of our headers use, for files that call those functions. */
function inlineUses(headers: readonly string[], names: ReadonlySet<string>): Map<string, string[]> {
  const uses = new Map<string, string[]>();
  const functions = /^static (?:__always_)?inline[^;{}]*?(\w+)\([^;{}]*\)\s*\{([\s\S]*?)^\}/gm;
  for (const text of headers) {
    for (const [, name, body] of text.matchAll(functions)) {
      const words = (body as string).match(/\w+/g) ?? [];
      uses.set(
        name as string,
        words.filter((word) => names.has(word) || uses.has(word)),
      );
    }
  }
  return uses;
}

/** For each C file the C files whose functions or variables it uses. */
export function nativeCalls(): Map<string, string[]> {
  const read = (file: string): string => withoutComments(readSource(file));
  const headers = filesBelow(folder, /\.h$/).map(read);
  const sources = new Map(filesBelow(folder, /\.c$/).map((file) => [file, read(file)]));
  const names = declaredNames(headers);
  const inline = inlineUses(headers, names);
  const home = new Map<string, string>();
  for (const name of names) {
    for (const [file, text] of sources) if (defines(text, name)) home.set(name, file);
  }
  const edges = new Map<string, string[]>();
  for (const [file, text] of sources) {
    const used = new Set(text.match(/\w+/g));
    if (/\bop_##/.test(text)) {
      for (const name of names) if (name.startsWith('op_')) used.add(name);
    }
    // A set may grow while one walks over it: inline functions that call inline functions.
    for (const name of used) for (const more of inline.get(name) ?? []) used.add(more);
    const targets = [...used].flatMap((name) => home.get(name) ?? []);
    edges.set(
      path.normalize(file),
      [...new Set(targets)].filter((target) => target !== file).sort(),
    );
  }
  return edges;
}

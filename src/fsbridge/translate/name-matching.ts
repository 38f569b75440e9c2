/** Which names are the same to Windows, and which match a pattern of a directory listing. */

/** Upper case of each unit by NTFS's rule, made when the first name beyond ASCII is looked at. */
let upcase: Uint16Array | undefined;

const finalSigma = 0x3c2;

/** "ᾀ" to "ᾧ" and "ᾳ": letters with iota below, two letters to Unicode when in upper case. */
function iotaUpper(unit: number): number | undefined {
  if (unit >= 0x1f80 && unit <= 0x1faf) return unit | 8;
  return unit === 0x1fb3 ? 0x1fbc : undefined;
}

function upcaseTable(): Uint16Array {
  const table = new Uint16Array(65536);
  for (let unit = 0; unit < 65536; unit++) {
    const character = String.fromCharCode(unit);
    const upper = character.toUpperCase();
    // What is upper case of another letter stays: "ı", "ſ", "µ", "ϐ"; and what becomes two: "ß".
    const isPair = upper.length === 1 && upper.toLowerCase() === character;
    const simple = isPair || unit === finalSigma ? upper.charCodeAt(0) : unit;
    table[unit] = iotaUpper(unit) ?? simple;
  }
  return table;
}

const beyondAscii = /[\x80-\uffff]/;

/**
 * The name in upper case, unit by unit, as NTFS's $UpCase does: no letter becomes two, none beyond
 * ASCII becomes ASCII, and characters outside the first plane stay. Two names are the same on a
 * volume without regard to case if these are. Windows's tables differ from one version to the next
 * in letters that Unicode got since; this one has all of Unicode's.
 */
export function foldName(name: string): string {
  if (!beyondAscii.test(name)) return name.toUpperCase();
  upcase ??= upcaseTable();
  let folded = '';
  for (let at = 0; at < name.length; at++) {
    folded += String.fromCharCode(upcase[name.charCodeAt(at)] as number);
  }
  return folded;
}

const wildcards = /[*?<>"]/;

/** Whether an expression has wildcards at all. */
export function hasWildcards(expression: string): boolean {
  return wildcards.test(expression);
}

/**
 * FsRtlIsNameInExpression, MS-FSA 2.1.4.4:
 *
 *     *  any units, or none
 *     ?  one unit
 *     <  (DOS_STAR) any units, but not the last dot of the name
 *     >  (DOS_QM)   one unit that is no dot; nothing at a dot or the end of the name
 *     "  (DOS_DOT)  a dot; nothing at the end of the name
 *
 * All ways through the expression are followed at once, so a hostile one costs no more than its
 * length times the name's.
 */
export function matchesPattern(expression: string, name: string, caseSensitive: boolean): boolean {
  if (expression === '*') return true;
  const pattern = caseSensitive ? expression : foldName(expression);
  const text = caseSensitive ? name : foldName(name);
  if (!hasWildcards(pattern)) return pattern === text;
  const { length } = pattern;
  const lastDot = text.lastIndexOf('.');
  let states = new Uint8Array(length + 1);
  let next = new Uint8Array(length + 1);
  states[0] = 1;
  for (let at = 0; at < text.length; at++) {
    next.fill(0);
    let alive = false;
    for (let state = 0; state < length; state++) {
      if (states[state] === 0) continue;
      if (stepsOver(pattern, state, text[at] as string)) states[state + 1] = 1;
      const to = stepWith(pattern, state, text[at] as string, at === lastDot);
      if (to < 0) continue;
      next[to] = 1;
      alive = true;
    }
    if (!alive) return false;
    [states, next] = [next, states];
  }
  for (let state = 0; state < length; state++) {
    // At the end of the name all but a unit and "?" stand for nothing.
    if (states[state] === 1 && '*<>"'.includes(pattern[state] as string)) states[state + 1] = 1;
  }
  return states[length] === 1;
}

/** Whether the expression may continue behind this place while the name stays before this unit. */
function stepsOver(pattern: string, state: number, unit: string): boolean {
  const here = pattern[state];
  return here === '*' || here === '<' || (here === '>' && unit === '.');
}

/** Where the expression is after it took this unit; -1 where it does not take it. */
function stepWith(pattern: string, state: number, unit: string, isLastDot: boolean): number {
  const here = pattern[state];
  if (here === '*') return state;
  if (here === '<') return isLastDot ? -1 : state;
  if (here === '?') return state + 1;
  if (here === '>') return unit === '.' ? -1 : state + 1;
  if (here === '"') return unit === '.' ? state + 1 : -1;
  return here === unit ? state + 1 : -1;
}

/**
 * What the driver does with names before user mode sees them: validity, case, and the wildcards of
 * FsRtlIsNameInExpression, which Win32's FindFirstFile turns `*.*` and its like into.
 */

/** NTFS's forbidden characters (0 to 31 too); the backslash separates. */
const forbidden = /["*/:<>?|]/;
/** In a pattern the wildcards are allowed. */
const forbiddenInPattern = /[/:|\\]/;
const wildcards = /[*?<>"]/;
const pathMostBytes = 2048;
const control = (text: string): boolean => [...text].some((char) => char.charCodeAt(0) < 32);

/** Whether the driver lets a path through: it begins with a backslash, and no component is odd. */
export function isValidPath(path: string, componentMost: number): boolean {
  if (path.length * 2 + 2 > pathMostBytes || control(path)) return false;
  if (!path.startsWith('\\')) return false;
  const parts = path.split('\\');
  // One trailing backslash is taken away later, and the root is only that.
  const inner = parts.slice(1, parts.at(-1) === '' ? -1 : undefined);
  return inner.every((part) => isValidComponent(part, componentMost));
}

export function isValidComponent(part: string, componentMost: number): boolean {
  return part !== '' && part.length <= componentMost && !forbidden.test(part) && !control(part);
}

export function isValidPattern(pattern: string, componentMost: number): boolean {
  return pattern.length <= componentMost && !forbiddenInPattern.test(pattern);
}

export const isWild = (pattern: string): boolean => wildcards.test(pattern);

/** RtlUpcaseUnicodeChar for each unit: one unit becomes one unit, or stays. */
export function upcase(text: string): string {
  let upper = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charAt(i);
    const up = unit.toUpperCase();
    upper += up.length === 1 ? up : unit;
  }
  return upper;
}

/** "\a\b" is "\a" and "b"; the parent of a name in the root is "\". */
export function splitPath(path: string): { parent: string; name: string } {
  const at = path.lastIndexOf('\\');
  return { parent: at === 0 ? '\\' : path.slice(0, at), name: path.slice(at + 1) };
}

export function joinPath(parent: string, name: string): string {
  return parent === '\\' ? `\\${name}` : `${parent}\\${name}`;
}

/** Whether a path is the other one, or lies below it. */
export function isAtOrBelow(path: string, top: string): boolean {
  return path === top || path.startsWith(top === '\\' ? '\\' : `${top}\\`);
}

/** FsRtlIsNameInExpression. */
export function matches(pattern: string, name: string, ignoreCase: boolean): boolean {
  const expression = ignoreCase ? upcase(pattern) : pattern;
  const text = ignoreCase ? upcase(name) : name;
  const lastDot = text.lastIndexOf('.');
  const seen = new Map<number, boolean>();
  const at = (p: number, t: number): boolean => {
    const key = p * (text.length + 1) + t;
    let known = seen.get(key);
    if (known === undefined) {
      known = step(p, t);
      seen.set(key, known);
    }
    return known;
  };
  const step = (p: number, t: number): boolean => {
    if (p === expression.length) return t === text.length;
    const rest = t < text.length;
    switch (expression[p]) {
      case '*':
        return at(p + 1, t) || (rest && at(p, t + 1));
      case '?':
        return rest && at(p + 1, t + 1);
      // DOS_STAR: as '*', but it does not go beyond the last period.
      case '<':
        return at(p + 1, t) || (rest && t !== lastDot && at(p, t + 1));
      // DOS_QM: one character, or nothing before a period and at the end.
      case '>':
        if (!rest || text[t] === '.') return at(p + 1, t);
        return at(p + 1, t + 1);
      // DOS_DOT: a period, or nothing at the end.
      case '"':
        return rest ? text[t] === '.' && at(p + 1, t + 1) : at(p + 1, t);
      default:
        return rest && text[t] === expression[p] && at(p + 1, t + 1);
    }
  };
  return at(0, 0);
}

/** What FindFirstFile makes of the pattern that a program gives it. */
export function win32Pattern(pattern: string): string {
  if (pattern === '*.*') return '*';
  // A period at the end is none; "*." is what has no extension.
  if (pattern.endsWith('*.')) return `${win32Pattern(pattern.slice(0, -2))}<`;
  let made = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i] as string;
    const next = pattern[i + 1];
    if (char === '?') made += '>';
    else if (char === '.' && (next === '?' || next === '*')) made += '"';
    else if (char === '*' && next === '.') made += '<';
    else made += char;
  }
  return made;
}

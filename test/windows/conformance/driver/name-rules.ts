/**
 * The driver's rules for names: which are valid, how case is compared, and the wildcards of
 * FsRtlIsNameInExpression, into which Win32's FindFirstFile turns patterns such as `*.*`.
 */

/** The characters that NTFS forbids, besides 0 to 31 and the backslash, which separates names. */
const forbidden = /["*/:<>?|]/;
/** In a pattern the wildcards are allowed. */
const forbiddenInPattern = /[/:|\\]/;
const wildcards = /[*?<>"]/;
const maxPathBytes = 2048;
const control = (text: string): boolean => [...text].some((char) => char.charCodeAt(0) < 32);

/** Whether the driver accepts a path: it begins with a backslash, and each component is valid. */
export function isValidPath(path: string, maxComponent: number): boolean {
  if (path.length * 2 + 2 > maxPathBytes || control(path)) return false;
  if (!path.startsWith('\\')) return false;
  const parts = path.split('\\');
  // One trailing backslash is removed later; the root has nothing else.
  const inner = parts.slice(1, parts.at(-1) === '' ? -1 : undefined);
  return inner.every((part) => isValidComponent(part, maxComponent));
}

export function isValidComponent(part: string, maxComponent: number): boolean {
  return part !== '' && part.length <= maxComponent && !forbidden.test(part) && !control(part);
}

export function isValidPattern(pattern: string, maxComponent: number): boolean {
  return pattern.length <= maxComponent && !forbiddenInPattern.test(pattern);
}

export const isWild = (pattern: string): boolean => wildcards.test(pattern);

/** RtlUpcaseUnicodeChar for each unit: a unit becomes one unit, or stays as it is. */
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

/** Whether a path equals the other one, or lies below it. */
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
      // DOS_STAR: like '*', but only up to the last period.
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

/** The pattern into which FindFirstFile turns a program's pattern. */
export function win32Pattern(pattern: string): string {
  if (pattern === '*.*') return '*';
  // A period at the end does not count; "*." matches names without an extension.
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

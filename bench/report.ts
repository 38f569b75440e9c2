/** The results: one record a case, as JSON or as a table for people. */

export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** What fsbridge is to reach, in parts of native. */
  readonly aim?: number;
  /** What fsbridge is to reach by itself, in the unit, where nothing native corresponds. */
  readonly target?: number;
  /** The most that fsbridge may be, in the case's unit. */
  readonly most?: number;
  /** How many times ahead of a peer fsbridge is to be: 1 unless said. */
  readonly peerAims?: Readonly<Record<string, number>>;
  readonly native?: number;
  readonly fsbridge?: number;
  /** The same work done by the library in a process of its own, without a mount. */
  readonly inProcess?: number;
  /** The peers, each by its name. */
  readonly peers: Readonly<Record<string, number>>;
}

/** {cases: [{name, unit, better, aim, target, native, fsbridge, inProcess, and each peer by name}]}. */
export function toJson(results: readonly Result[]): string {
  const cases = results.map(({ peers, ...rest }) => ({ ...rest, ...peers }));
  return `${JSON.stringify({ cases }, null, 2)}\n`;
}

/** How fsbridge does against another: above 1 it is the better one. */
export function ratio(result: Result, other: number | undefined): number | undefined {
  if (other === undefined || result.fsbridge === undefined) return undefined;
  return result.better === 'higher' ? result.fsbridge / other : other / result.fsbridge;
}

/** What there is to say of the aims: the one against native, and to be ahead of each peer. */
function verdict(result: Result): string {
  const said: string[] = [];
  const reached = ratio(result, result.native);
  if (result.aim !== undefined && reached !== undefined) {
    said.push(reached >= result.aim ? 'met' : 'not met');
  }
  const { target, fsbridge } = result;
  if (target !== undefined && fsbridge !== undefined) {
    said.push(fsbridge >= target ? 'met' : 'not met');
  }
  if (result.most !== undefined && result.fsbridge !== undefined) {
    const within = result.fsbridge <= result.most ? 'within' : 'above';
    said.push(`${within} ${result.most} ${result.unit}`);
  }
  for (const [peer, value] of Object.entries(result.peers)) {
    const ahead = ratio(result, value);
    if (ahead === undefined) continue;
    const wanted = result.peerAims?.[peer];
    if (wanted === undefined && ahead < 1) said.push(`behind ${peer}`);
    if (wanted === undefined) continue;
    const met = ahead >= wanted ? 'met' : `not met, aim ${wanted}`;
    said.push(`${ahead.toFixed(1)} times ${peer} (${met})`);
  }
  return said.join(', ');
}

function number(value: number | undefined): string {
  if (value === undefined) return '-';
  return value.toLocaleString('en', { maximumSignificantDigits: 4 });
}

/** An aligned table; a peer's column is there when one case has it. */
export function toTable(results: readonly Result[]): string {
  const peers = [...new Set(results.flatMap((result) => Object.keys(result.peers)))];
  const alone = results.some((result) => result.inProcess !== undefined);
  const own = alone ? ['fsbridge', 'in process'] : ['fsbridge'];
  const head = ['case', 'unit', 'native', ...own, ...peers, 'ratio', 'aim', ''];
  const rows = results.map((result) => [
    result.name,
    result.unit,
    number(result.native),
    number(result.fsbridge),
    ...(alone ? [number(result.inProcess)] : []),
    ...peers.map((peer) => number(result.peers[peer])),
    ratio(result, result.native)?.toFixed(2) ?? '-',
    result.aim?.toFixed(2) ?? (result.target === undefined ? '-' : number(result.target)),
    verdict(result),
  ]);
  const lines = [head, ...rows];
  const widths = head.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const lastText = 1;
  const aligned = lines.map((line) =>
    line
      .map((cell, column) => {
        const width = widths[column] as number;
        const isText = column <= lastText || column === head.length - 1;
        return isText ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return `${aligned.join('\n')}\n`;
}

/** The results: one record a case, as JSON or as a table for people. */

export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** The aim: fsbridge's speed as a part of native's. */
  readonly aim?: number;
  /** The aim in the case's unit, for a case that has no native counterpart. */
  readonly target?: number;
  /** The upper limit for fsbridge, in the case's unit. */
  readonly maximum?: number;
  /** The aim against a peer: how many times faster than it. Default 1. */
  readonly peerAims?: Readonly<Record<string, number>>;
  readonly native?: number;
  readonly fsbridge?: number;
  /** The same work done by the library in a process of its own, without a mount. */
  readonly inProcess?: number;
  /** The speed of each peer, by the peer's name. */
  readonly peers: Readonly<Record<string, number>>;
}

/**
 * {cases: [{name, unit, better, aim, target, native, fsbridge, inProcess, and each peer by name}]}.
 */
export function toJson(results: readonly Result[]): string {
  const cases = results.map(({ peers, ...rest }) => ({ ...rest, ...peers }));
  return `${JSON.stringify({ cases }, null, 2)}\n`;
}

/** fsbridge compared with another subject; above 1 fsbridge is better. */
export function ratio(result: Result, other: number | undefined): number | undefined {
  if (other === undefined || result.fsbridge === undefined) return undefined;
  return result.better === 'higher' ? result.fsbridge / other : other / result.fsbridge;
}

/** Whether the aims are met: the one against native, and the one against each peer. */
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
  if (result.maximum !== undefined && result.fsbridge !== undefined) {
    const within = result.fsbridge <= result.maximum ? 'within' : 'above';
    said.push(`${within} ${result.maximum} ${result.unit}`);
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

/** An aligned table. A peer has a column if at least one case measured it. */
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

/**
 * Commits to an SQLite database as fast as it can, and prints each transaction's number when SQLite
 * reports that it is on the disk. Ends when the disk fails.
 *
 *     node test/host/programs/sqlite-commits.ts FILE wal|delete
 *     node test/host/programs/sqlite-commits.ts FILE judge   prints the last transaction found
 */
import { DatabaseSync } from 'node:sqlite';

const [file, mode] = process.argv.slice(2) as [string, string];
const database = new DatabaseSync(file);

/** A transaction is two rows in two tables: both exist or none. */
function judge(): void {
  const integrity = database.prepare('PRAGMA integrity_check').get();
  if (Object.values(integrity ?? {})[0] !== 'ok') throw new Error(JSON.stringify(integrity));
  const rows = (table: string): unknown[] =>
    database.prepare(`SELECT id, length(data) AS bytes FROM ${table} ORDER BY id`).all();
  const [one, two] = [rows('one'), rows('two')];
  if (JSON.stringify(one) !== JSON.stringify(two)) throw new Error('half a transaction');
  const gap = one.findIndex((row, index) => (row as { id: number }).id !== index + 1);
  if (gap >= 0) throw new Error(`transaction ${gap + 1} of ${one.length} is missing`);
  process.stdout.write(`${one.length}\n`);
}

function commitOn(): never {
  // FULL does not sync the folder after the journal is unlinked, which is what commits.
  database.exec(`PRAGMA journal_mode = ${mode}; PRAGMA synchronous = EXTRA;`);
  for (const table of ['one', 'two']) {
    database.exec(`CREATE TABLE IF NOT EXISTS ${table} (id INTEGER PRIMARY KEY, data BLOB)`);
  }
  const last = database.prepare('SELECT max(id) AS id FROM one').get() as { id: number | null };
  const one = database.prepare('INSERT INTO one VALUES (?, zeroblob(?))');
  const two = database.prepare('INSERT INTO two VALUES (?, zeroblob(?))');
  for (let id = (last.id ?? 0) + 1; ; id++) {
    database.exec('BEGIN');
    one.run(id, (id * 37) % 5000);
    two.run(id, (id * 37) % 5000);
    database.exec('COMMIT');
    process.stdout.write(`${id}\n`);
  }
}

if (mode === 'judge') judge();
else commitOn();

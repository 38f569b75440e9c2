/** Names users for a person. */
import fs from 'node:fs';

/** "alice (1000)"; "1000" where /etc/passwd does not have the number. */
export function userName(uid: number): string {
  const name = passwd()
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[2] === String(uid))?.[0];
  return name === undefined ? String(uid) : `${name} (${uid})`;
}

function passwd(): string {
  try {
    return fs.readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}

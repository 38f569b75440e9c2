/**
 * Makes every file call in every way that matters, and writes down the kernel's answers. On two
 * mounts of the same file system the two transcripts must be the same.
 *
 *     node test/host/programs/posix.ts FOLDER paths|pairs|scenarios|accesses
 *
 * Root only: it acts as several users. Its choice of calls follows pjdfstest.
 */
import { accesses } from './posix/access.ts';
import { twoPaths } from './posix/pairs.ts';
import { onePath } from './posix/paths.ts';
import { scenarios } from './posix/scenarios.ts';

const [folder, part] = process.argv.slice(2);
const parts: Readonly<Record<string, (root: string) => void>> = {
  paths: onePath,
  pairs: twoPaths,
  scenarios,
  accesses,
};
const run = parts[part ?? ''];
if (folder === undefined || run === undefined) throw new Error('posix: FOLDER PART');
process.stdout.write(`${part}\n`);
run(folder);

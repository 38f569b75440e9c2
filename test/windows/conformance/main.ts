/**
 * The conformance suite: Windows' rules, each as a case, through a model of WinFsp's driver.
 *
 *   npm run test:conformance                  all cases, and the scripted programs
 *   npm run test:conformance -- rename        those whose name or file has it
 *   npm run test:conformance -- --type xfs    on one file system
 *   npm run test:conformance -- --list        the cases and their rules
 */
import { parseArgs } from 'node:util';
import { fsTypes } from './case.ts';
import { allCases } from './cases/all.ts';
import { replays, runReplays } from './replays/run.ts';
import { type Outcome, runCases, type Setting } from './runner.ts';
import { cannotRun, overDispatcher } from './volumes.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    type: { type: 'string' },
    list: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

const matches = (text: string): boolean =>
  positionals.every((word) => text.toLowerCase().includes(word.toLowerCase()));
const wanted = allCases.filter(({ topic, name }) => matches(`${topic} ${name}`));
const wantedReplays = replays.filter(({ name }) => matches(`replays ${name}`));

if (values.list) {
  for (const { topic, name, rule } of wanted) console.log(`${topic}: ${name} [${rule}]`);
  for (const { name, rule } of wantedReplays) console.log(`replays: ${name} [${rule}]`);
  console.log(`${wanted.length} cases, ${wantedReplays.length} replays`);
  process.exit(0);
}

/** Everything that the driver keeps for a time, it keeps until it is told: what is stale stays so. */
const forEver = { fileInfoTimeoutMs: 0xffffffff };

const settings: Setting[] = [];
for (const type of fsTypes) {
  if (values.type !== undefined && values.type !== type) continue;
  const reason = cannotRun(type);
  if (reason !== undefined) {
    console.log(`${type} is left out: ${reason}`);
    continue;
  }
  settings.push({ type, title: type, factory: overDispatcher() });
  if (type !== 'ext4') continue;
  settings.push({ type, title: 'ext4, kept for ever', factory: overDispatcher(forEver) });
}

let passed = 0;
let failed = 0;
const started = performance.now();
const report = (outcome: Outcome): void => {
  if (outcome.failure === undefined) passed += 1;
  else failed += 1;
  if (outcome.failure === undefined && !values.verbose) return;
  const verdict = outcome.failure === undefined ? 'ok    ' : 'FAILED';
  console.log(`${verdict} ${outcome.setting.title}: ${outcome.name} [${outcome.rule}]`);
  if (outcome.failure !== undefined) console.log(outcome.failure.replaceAll(/^/gm, '       '));
};
for (const setting of settings) {
  await runCases(wanted, setting, report);
  await runReplays(wantedReplays, setting, report);
}
console.log(`The conformance suite took ${Math.round((performance.now() - started) / 1000)} s.`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && (passed > 0 || settings.length === 0) ? 0 : 1);

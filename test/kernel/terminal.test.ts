/** A terminal gets no control character of a disk, whatever command shows it. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../support/cli/command.ts';
import { cannotMount } from '../support/kernel-volume.ts';
import { describeUnless, notInstalled } from '../support/needs.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-terminal-'));
const image = path.join(folder, 'disk.img');
const bin = path.resolve(import.meta.dirname, '../../bin/fsbridge');
const missing = cannotMount() ?? notInstalled('script');

describeUnless(missing)('on a terminal', () => {
  beforeAll(() => {
    const tree = path.join(folder, 'tree');
    fs.mkdirSync(tree);
    fs.writeFileSync(path.join(tree, 'a\u009b31mred\u202e'), '');
    execFileSync('mkfs.ext4', ['-q', '-d', tree, '-L', 'a\u009bb\u001bc', image, '8M']);
  });
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  test.each([
    `probe '${image}'`,
    `probe --json '${image}'`,
    `ls -l '${image}' /`,
    `ls --json '${image}' /`,
    `manifest '${image}' /`,
    `ls '${image}' / --verbose`,
    `ls '${image}' $'/\\e]0;x\\a'`,
  ])('fsbridge %s shows no control character', async (command) => {
    const args = ['-qc', 'bash -c "$COMMAND"', '/dev/null'];
    process.env['COMMAND'] = `'${bin}' ${command}`;
    const { stdout } = await runCommand(args, { program: 'script' });
    const text = stdout.toString();
    expect(text.length).toBeGreaterThan(10);
    expect(text.replaceAll(/[\r\n]/g, '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

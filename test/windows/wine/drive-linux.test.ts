/**
 * A drive on Linux, with the stand-in as a shared library: what fails here and under Wine is not
 * Wine's fault.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { describeUnless } from '../../support/needs.ts';
import { defineDrive, type GuestSystem } from './define-drive.ts';
import { whyNoImages } from './drive-images.ts';
import type { GuestEnd } from './guest-results.ts';
import { buildStandIn, whyNoStandIn } from './stand-in-build.ts';

const guest: string = path.join(import.meta.dirname, 'guest.ts');
const guestMaxMs = 300_000;
const missing = whyNoStandIn('linux') ?? whyNoImages();

function runGuest(args: readonly string[]): Promise<GuestEnd> {
  const child = spawn(process.execPath, [guest, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: guestMaxMs,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ status: code ?? undefined, stdout, stderr }));
  });
}

describeUnless(missing)('a drive on Linux, through the stand-in', () => {
  let system: GuestSystem;

  beforeAll(() => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-drive-'));
    const library = buildStandIn('linux', folder);
    system = { mode: 'run', library, folder, nameOf: (file) => file, run: runGuest };
  });

  afterAll(() => fs.rmSync(system.folder, { recursive: true, force: true }));

  defineDrive(() => system);
});

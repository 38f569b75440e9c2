/**
 * The ends of a mount: umount(8), fusermount3, an unmount while it is in use, a killed process.
 * Each leaves nothing behind, and a disk that is whole, or that its journal makes whole.
 *
 * Needs root and /dev/fuse; skipped, with the reason, without.
 */
import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { fsckVerdict } from '../../support/images/fsck.ts';
import { errnoName, linux, must } from '../../support/native/fuse-libc.ts';
import { cannotMount, FuseMounted, fuseTestTypes } from '../../support/native/fuse-mount.ts';
import { withNativeMount } from '../../support/native/native-mount.ts';
import { describeUnless } from '../../support/needs.ts';
import { mustRun, run } from '../../support/run-program.ts';

const { O_CREAT, O_RDWR } = fs.constants;
const outcome = (answer: number): string => (answer < 0 ? errnoName(answer) : 'ok');

for (const type of fuseTestTypes) {
  const why = cannotMount(type);
  describeUnless(why)(`a mount of ${type}${why ? ` (${why})` : ''}`, () => {
    let mounted: FuseMounted;
    const expectClean = async (): Promise<void> => {
      const verdict = await fsckVerdict(mounted.image, type);
      expect(verdict, verdict.output).toMatchObject({ clean: true });
    };

    afterEach(async () => {
      await mounted[Symbol.asyncDispose]();
    });

    test('umount(8) ends it, and what was written is on the disk', async () => {
      mounted = await FuseMounted.start(type);
      fs.writeFileSync(mounted.at('file'), 'written');
      await mounted.unmount();
      expect(mounted.isMounted).toBe(false);
      await expectClean();
      await mounted.mount([]);
      expect(fs.readFileSync(mounted.at('file'), 'latin1')).toBe('written');
    });

    test('fusermount3 ends it in the same way', async () => {
      mounted = await FuseMounted.start(type);
      fs.writeFileSync(mounted.at('file'), 'written');
      await mustRun(['fusermount3', '-u', mounted.dir]);
      await mounted.ended();
      await expectClean();
    });

    test('a mount in use stays; unmounted lazily, it serves its users to their end', async () => {
      mounted = await FuseMounted.start(type);
      const fd = must(linux.open(mounted.at('used'), O_RDWR | O_CREAT, 0o600), 'used');
      expect((await run(['umount', mounted.dir])).stderr).toMatch(/busy/);
      expect(mounted.isMounted).toBe(true);
      await mustRun(['umount', '-l', mounted.dir]);
      expect(mounted.isMounted).toBe(false);
      expect(linux.write(fd, Buffer.from('still served'))).toBe(12);
      expect(linux.fsync(fd)).toBe(0);
      await setTimeout(100);
      expect(mounted.hasEnded).toBe(false);
      linux.close(fd);
      await mounted.ended();
      await expectClean();
    });

    test('Ctrl-C ends it', async () => {
      mounted = await FuseMounted.start(type);
      fs.writeFileSync(mounted.at('file'), 'written');
      process.kill(mounted.pid, 'SIGINT');
      await mounted.ended();
      expect(mounted.isMounted).toBe(false);
      await expectClean();
    });

    test('a killed process leaves errors behind, and a disk that recovers', async () => {
      mounted = await FuseMounted.start(type);
      const synced = must(linux.open(mounted.at('synced'), O_RDWR | O_CREAT, 0o600), 'synced');
      expect(linux.write(synced, Buffer.from('fsynced'))).toBe(7);
      expect(linux.fsync(synced)).toBe(0);
      linux.close(synced);
      for (let i = 0; i < 200; i++) fs.writeFileSync(mounted.at(`file-${i}`), `content ${i}`);
      process.kill(mounted.pid, 'SIGKILL');
      await mounted.ended();
      expect(outcome(linux.statx(mounted.at('new')) as number)).toBe('ENOTCONN');
      await mustRun(['umount', mounted.dir]);
      // The machine's own kernel replays the journal.
      await withNativeMount(mounted.image, { type }, async (dir) => {
        expect(fs.readFileSync(`${dir}/synced`, 'latin1')).toBe('fsynced');
      });
      await expectClean();
      await mounted.mount();
      expect(fs.readFileSync(mounted.at('synced'), 'latin1')).toBe('fsynced');
      await mounted.unmount();
    });

    test('an idle mount is written to the disk after a while', async () => {
      mounted = await FuseMounted.start(type);
      fs.writeFileSync(mounted.at('file'), 'written');
      // Sooner than the kernel inside would write it: that takes five seconds, or thirty.
      await setTimeout(3_500);
      process.kill(mounted.pid, 'SIGKILL');
      await mounted.ended();
      await mustRun(['umount', mounted.dir]);
      await withNativeMount(mounted.image, { type }, async (dir) => {
        expect(fs.readFileSync(`${dir}/file`, 'latin1')).toBe('written');
      });
      await expectClean();
    });

    test('umount -f ends it, also for programs that use it', async () => {
      mounted = await FuseMounted.start(type);
      const fd = must(linux.open(mounted.at('used'), O_RDWR | O_CREAT, 0o600), 'used');
      await run(['umount', '-f', mounted.dir]);
      await mounted.ended();
      expect(outcome(linux.fsync(fd))).not.toBe('ok');
      linux.close(fd);
      await run(['umount', mounted.dir]);
      expect(mounted.isMounted).toBe(false);
      await expectClean();
    });
  });
}

/** FUSE for the command line: the meaning of its options there. */
import { mountFuse } from '../../fuse/mount.ts';
import type { Transport } from '../transport.ts';
import { prepareFuseTarget } from './fuse-target.ts';
import { parseHostFlags } from './host-flags.ts';

export const fuseTransport: Transport = {
  name: 'fuse',
  ignores: ['network', 'label', 'permissions', 'case', 'uidMap'],
  prepareTarget: async (target) => prepareFuseTarget(target),
  async mount(volume, { source, target, options, log }) {
    const { allowOther, hostOptions } = options;
    const mount = await mountFuse(volume, target, {
      source,
      ...(allowOther === undefined ? {} : { allowOther }),
      ...parseHostFlags(hostOptions ?? ''),
      onLog: (line) => log.write('warn', line),
    });
    return {
      mountPoint: mount.mountPoint,
      ended: mount.ended,
      statistics: () => ({ operations: mount.statistics() }),
      async unmount({ lazy, force }) {
        const hasEnded = await mount.unmount({ lazy: lazy === true || force === true });
        // Programs that still hold the mount lose it when this process ends.
        if (force === true) return 'forced';
        return hasEnded ? 'ended' : 'ending';
      },
    };
  },
};

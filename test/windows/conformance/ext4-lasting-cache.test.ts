/**
 * Windows' rules on ext4 where the driver keeps what it knows for ever: what the engine does not
 * tell it to forget stays stale, and a case sees it.
 */
import { defineConformance } from './define-conformance.ts';
import { overDispatcher } from './dispatcher-transport.ts';

defineConformance(
  'ext4',
  'ext4, cached for ever',
  overDispatcher({ fileInfoTimeoutMs: 0xffffffff }),
);

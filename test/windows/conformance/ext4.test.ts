/** Windows' rules on ext4. */
import { defineConformance } from './define-conformance.ts';

defineConformance('ext4');

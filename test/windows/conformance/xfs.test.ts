/** Windows' rules on XFS. */
import { defineConformance } from './define-conformance.ts';

defineConformance('xfs');

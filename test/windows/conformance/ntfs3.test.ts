/** What a drive claims and answers on NTFS. */
import { defineConformance } from './define-conformance.ts';

defineConformance('ntfs3');

/** What a drive claims and answers on exFAT. */
import { defineConformance } from './define-conformance.ts';

defineConformance('exfat');

/** What a drive claims and answers on FAT. */
import { defineConformance } from './define-conformance.ts';

defineConformance('vfat');

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_WORD_AT_A_TIME_H
#define _ASM_WASM_WORD_AT_A_TIME_H
#include <asm-generic/word-at-a-time.h>
static inline unsigned long load_unaligned_zeropad(const void *a)
{
	unsigned long v;
	__builtin_memcpy(&v, a, sizeof(v));
	return v;
}
#endif

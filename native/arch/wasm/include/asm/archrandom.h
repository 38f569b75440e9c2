/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_ARCHRANDOM_H
#define _ASM_WASM_ARCHRANDOM_H

#include <asm/host.h>

static inline size_t __must_check arch_get_random_longs(unsigned long *v, size_t max_longs)
{
	host_random(v, max_longs * sizeof(*v));
	return max_longs;
}

static inline size_t __must_check arch_get_random_seed_longs(unsigned long *v, size_t max_longs)
{
	return arch_get_random_longs(v, max_longs);
}

#endif

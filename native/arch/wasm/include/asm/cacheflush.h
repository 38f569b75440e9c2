/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_CACHEFLUSH_H
#define _ASM_WASM_CACHEFLUSH_H

/*
 * Without an MMU, vmap() of scattered pages is a copy (kernel/vmap.c). It has the same rules as a
 * cache that is indexed by virtual address, so the kernel's calls for such caches keep it right.
 */
#define ARCH_IMPLEMENTS_FLUSH_KERNEL_VMAP_RANGE 1
extern void flush_kernel_vmap_range(void *addr, int size);
extern void invalidate_kernel_vmap_range(void *addr, int size);

#include <asm-generic/cacheflush.h>

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_XOR_H
#define _ASM_WASM_XOR_H

/*
 * Parity for RAID 5, in vectors of 16 bytes. There is only one implementation, so the measurement
 * at boot, which takes 3 ms, is left out. A block is a multiple of 64 bytes.
 */

#include <asm-generic/xor.h>

typedef u64 xor_vector __attribute__((vector_size(16), aligned(4)));

#define XOR_FUNCTION(count, arguments, sum)					\
static void __attribute__((target("simd128")))					\
xor_wasm_##count arguments							\
{										\
	unsigned long i;							\
										\
	for (i = 0; i < bytes; i += sizeof(xor_vector))				\
		AT(p1) = sum;							\
}

#define AT(p) (*(xor_vector *)((char *)(p) + i))
#define TO	unsigned long bytes, unsigned long * __restrict p1
#define FROM(p)	const unsigned long * __restrict p

XOR_FUNCTION(2, (TO, FROM(p2)), AT(p1) ^ AT(p2))
XOR_FUNCTION(3, (TO, FROM(p2), FROM(p3)), AT(p1) ^ AT(p2) ^ AT(p3))
XOR_FUNCTION(4, (TO, FROM(p2), FROM(p3), FROM(p4)), AT(p1) ^ AT(p2) ^ AT(p3) ^ AT(p4))
XOR_FUNCTION(5, (TO, FROM(p2), FROM(p3), FROM(p4), FROM(p5)),
	     AT(p1) ^ AT(p2) ^ AT(p3) ^ AT(p4) ^ AT(p5))

#undef AT
#undef TO
#undef FROM
#undef XOR_FUNCTION

static struct xor_block_template xor_block_wasm = {
	.name = "vectors",
	.do_2 = xor_wasm_2,
	.do_3 = xor_wasm_3,
	.do_4 = xor_wasm_4,
	.do_5 = xor_wasm_5,
};

#define XOR_SELECT_TEMPLATE(fastest) (&xor_block_wasm)

#endif

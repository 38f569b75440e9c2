// SPDX-License-Identifier: GPL-2.0-only
/* memcpy() and its kind as single instructions of WebAssembly, and 128-bit multiplication. */
#include <linux/string.h>
#include <linux/types.h>

#undef memcpy
#undef memmove
#undef memset

void *memcpy(void *to, const void *from, size_t n)
{
	__builtin_memcpy(to, from, n);
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	__builtin_memmove(to, from, n);
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	__builtin_memset(to, byte, n);
	return to;
}

typedef unsigned __int128 u128_t;
u128_t __multi3(u128_t a, u128_t b);

/* The compiler calls this (compiler-rt has it): the product of two numbers, modulo 2^128. */
u128_t __multi3(u128_t a, u128_t b)
{
	u64 al = (u64)a, ah = (u64)(a >> 64), bl = (u64)b, bh = (u64)(b >> 64);
	u64 a0 = (u32)al, a1 = al >> 32, b0 = (u32)bl, b1 = bl >> 32;
	u64 low = a0 * b0, mid1 = a0 * b1, mid2 = a1 * b0;
	u64 mid = (low >> 32) + (u32)mid1 + (u32)mid2;
	u64 high = a1 * b1 + (mid1 >> 32) + (mid2 >> 32) + (mid >> 32) + al * bh + ah * bl;

	return (u128_t)high << 64 | mid << 32 | (u32)low;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_DELAY_H
#define _ASM_WASM_DELAY_H
extern void __udelay(unsigned long), __ndelay(unsigned long), __delay(unsigned long);
#define udelay(n) __udelay(n)
#define ndelay(n) __ndelay(n)
#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_BUG_H
#define _ASM_WASM_BUG_H

#include <linux/compiler.h>

#define HAVE_ARCH_BUG
extern void wasm_bug(const char *file, int line) __attribute__((noreturn));
#define BUG() wasm_bug(__FILE__, __LINE__)
#include <asm-generic/bug.h>

#endif

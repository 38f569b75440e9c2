/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_LINKAGE_H
#define _ASM_WASM_LINKAGE_H
#define _THIS_IP_ 0UL
#define __ALIGN .p2align 0
#define __ALIGN_STR ""
#define cond_syscall(x) asm("")
#endif

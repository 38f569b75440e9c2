/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_PRELUDE_H
#define _ASM_WASM_PRELUDE_H

/* Included before every file. WebAssembly has no addresses of code, so no return address either. */
#define __builtin_return_address(level) ((void *)0)

#endif

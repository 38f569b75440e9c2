/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_IO_H
#define _ASM_WASM_IO_H

/* There are no ports; with a constant other than 0 clang does not warn of arithmetic on NULL. */
#define PCI_IOBASE ((void __iomem *)1)
#include <asm-generic/io.h>

#endif

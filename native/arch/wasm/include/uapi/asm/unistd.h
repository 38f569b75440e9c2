/* SPDX-License-Identifier: GPL-2.0-only */
#define __ARCH_WANT_TIME32_SYSCALLS
#define __ARCH_WANT_STAT64
#define __ARCH_WANT_RENAMEAT
#define __ARCH_WANT_SYS_CLONE
#include <asm-generic/unistd.h>

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_UACCESS_H
#define _ASM_WASM_UACCESS_H

/*
 * "User space" is two things. An address below WASM_WINDOWS is in the kernel's own memory: a name
 * or a structure that the host wrote into a request's slot. Above lie the windows, one of
 * WASM_WINDOW_SIZE bytes for each slot. A window stands for a buffer of the host: copy_to_user()
 * and copy_from_user() have the host copy, so that file data is copied only once.
 */

#include <linux/string.h>
#include <linux/unaligned.h>
#include <asm/host.h>
#include <asm-generic/access_ok.h>

#define WASM_WINDOWS	 0xe0000000UL
#define WASM_WINDOW_SIZE 0x00100000UL

static inline __must_check unsigned long
raw_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	if ((unsigned long)from >= WASM_WINDOWS)
		return host_copy_in(to, (unsigned long)from, n);
	memcpy(to, (const void __force *)from, n);
	return 0;
}

static inline __must_check unsigned long
raw_copy_to_user(void __user *to, const void *from, unsigned long n)
{
	if ((unsigned long)to >= WASM_WINDOWS)
		return host_copy_out((unsigned long)to, from, n);
	memcpy((void __force *)to, from, n);
	return 0;
}

#define INLINE_COPY_FROM_USER
#define INLINE_COPY_TO_USER

/*
 * fault_in_readable() and its kind fetch a page with get_user() or put_user() of one byte. A window
 * is always present, so for one byte of it nothing is read or written; larger sizes are refused.
 */
static __always_inline int __get_user_fn(size_t size, const void __user *from, void *to)
{
	if ((unsigned long)from >= WASM_WINDOWS) {
		memset(to, 0, size);
		return size == 1 ? 0 : -EFAULT;
	}
	memcpy(to, (const void __force *)from, size);
	return 0;
}
#define __get_user_fn(size, from, to) __get_user_fn(size, from, to)

static __always_inline int __put_user_fn(size_t size, void __user *to, void *from)
{
	if ((unsigned long)to >= WASM_WINDOWS)
		return size == 1 ? 0 : -EFAULT;
	memcpy((void __force *)to, from, size);
	return 0;
}
#define __put_user_fn(size, to, from) __put_user_fn(size, to, from)

#define __get_kernel_nofault(dst, src, type, err_label)			\
do {									\
	*((type *)dst) = get_unaligned((type *)(src));			\
	if (0)	/* so that the compiler sees a use of the label */		\
		goto err_label;						\
} while (0)

#define __put_kernel_nofault(dst, src, type, err_label)			\
do {									\
	put_unaligned(*((type *)src), (type *)(dst));			\
	if (0)								\
		goto err_label;						\
} while (0)

#include <asm-generic/uaccess.h>

#endif

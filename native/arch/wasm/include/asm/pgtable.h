/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_PGTABLE_H
#define _ASM_WASM_PGTABLE_H
#include <asm-generic/pgtable-nopud.h>
#include <linux/slab.h>
#define PAGE_NONE __pgprot(0)
#define PAGE_SHARED __pgprot(0)
#define PAGE_COPY __pgprot(0)
#define PAGE_READONLY __pgprot(0)
#define PAGE_KERNEL __pgprot(0)
#define pgd_none(p) (0)
#define pgd_bad(p) (0)
#define pgd_present(p) (1)
#define pgd_clear(p)
#define pmd_offset(a,b) ((void *)0)
#define pgprot_noncached(p) (p)
#define pgprot_writecombine pgprot_noncached
#define pgprot_device pgprot_noncached
#define __swp_type(x) (0)
#define __swp_offset(x) (0)
#define __swp_entry(t,o) ((swp_entry_t){ ((t) | ((o) << 7)) })
#define __pte_to_swp_entry(p) ((swp_entry_t){ pte_val(p) })
#define __swp_entry_to_pte(x) ((pte_t){ (x).val })
extern char empty_zero_page[];
#define ZERO_PAGE(v) virt_to_page(empty_zero_page)
#define swapper_pg_dir ((pgd_t *)0)
#define VMALLOC_START 0UL
#define VMALLOC_END 0xffffffffUL
#define arch_enter_lazy_cpu_mode() do {} while (0)
#endif

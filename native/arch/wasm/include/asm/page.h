/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_WASM_PAGE_H
#define _ASM_WASM_PAGE_H
#include <linux/const.h>
#define PAGE_SHIFT 12
#define PAGE_SIZE (_AC(1,UL) << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE-1))
#ifndef __ASSEMBLY__
#define clear_page(p) memset((p), 0, PAGE_SIZE)
#define copy_page(t,f) memcpy((t),(f),PAGE_SIZE)
#define clear_user_page(p,v,pg) clear_page(p)
#define copy_user_page(t,f,v,pg) copy_page(t,f)
typedef struct { unsigned long pte; } pte_t;
typedef struct { unsigned long pmd[1]; } pmd_t;
typedef struct { unsigned long pgd; } pgd_t;
typedef struct { unsigned long pgprot; } pgprot_t;
typedef struct page *pgtable_t;
#define pte_val(x) ((x).pte)
#define pmd_val(x) ((&x)->pmd[0])
#define pgd_val(x) ((x).pgd)
#define pgprot_val(x) ((x).pgprot)
#define __pte(x) ((pte_t){(x)})
#define __pgd(x) ((pgd_t){(x)})
#define __pgprot(x) ((pgprot_t){(x)})
extern unsigned long memory_end;
#endif
#define PAGE_OFFSET 0UL
#define ARCH_PFN_OFFSET 0UL
#ifndef __ASSEMBLY__
#define __va(x) ((void *)((unsigned long)(x)))
#define __pa(x) ((unsigned long)(x))
static inline unsigned long virt_to_pfn(const void *v) { return __pa(v) >> PAGE_SHIFT; }
#define virt_to_pfn virt_to_pfn
static inline void *pfn_to_virt(unsigned long pfn) { return __va(pfn << PAGE_SHIFT); }
#define pfn_to_virt pfn_to_virt
#define virt_to_page(a) pfn_to_page(virt_to_pfn(a))
#define page_to_virt(p) pfn_to_virt(page_to_pfn(p))
#define virt_addr_valid(k) ((unsigned long)(k) < memory_end && (unsigned long)(k) >= PAGE_SIZE)
#endif
#include <asm-generic/memory_model.h>
#define page_to_phys(p) ((phys_addr_t)page_to_pfn(p) << PAGE_SHIFT)
#include <asm-generic/getorder.h>
#endif

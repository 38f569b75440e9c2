// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmap() and vm_map_ram() without an MMU.
 *
 * Pages that lie one after the other in memory need no mapping. Other pages get an alias: a run of
 * pages that holds a copy. A copy behaves as a cache does that is indexed by virtual address, so
 * the calls that exist for such caches keep it right: flush_kernel_vmap_range() before a device
 * reads the pages, invalidate_kernel_vmap_range() after a device has written them. XFS makes these
 * calls. F2FS and NTFS3 do not, because nobody runs them on machines with such caches; one patch
 * for each adds the calls (native/patches).
 *
 * vm_unmap_ram() writes the alias to the pages, unless one of the two calls was made before: from
 * then on the caller's own calls say which side is newer.
 */
#include <linux/gfp.h>
#include <linux/hashtable.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

struct alias {
	struct hlist_node node;
	char *addr;
	unsigned int count;
	bool synced;
	struct page *pages[];
};

static DEFINE_HASHTABLE(aliases, 8);

static struct alias *find_alias(const void *addr)
{
	struct alias *alias;

	hash_for_each_possible(aliases, alias, node, (unsigned long)addr)
		if (alias->addr == addr)
			return alias;
	return NULL;
}

static void to_pages(struct alias *alias)
{
	unsigned int i;

	for (i = 0; i < alias->count; i++)
		copy_page(page_address(alias->pages[i]), alias->addr + i * PAGE_SIZE);
}

static void from_pages(struct alias *alias)
{
	unsigned int i;

	for (i = 0; i < alias->count; i++)
		copy_page(alias->addr + i * PAGE_SIZE, page_address(alias->pages[i]));
}

static bool contiguous(struct page **pages, unsigned int count)
{
	unsigned int i;

	for (i = 1; i < count; i++)
		if (page_to_pfn(pages[i]) != page_to_pfn(pages[0]) + i)
			return false;
	return true;
}

void *vm_map_ram(struct page **pages, unsigned int count, int node)
{
	struct alias *alias;

	if (contiguous(pages, count))
		return page_address(pages[0]);
	alias = kmalloc(struct_size(alias, pages, count), GFP_NOFS);
	if (!alias)
		return NULL;
	alias->addr = alloc_pages_exact(count * PAGE_SIZE, GFP_NOFS | __GFP_RETRY_MAYFAIL);
	if (!alias->addr) {
		kfree(alias);
		return NULL;
	}
	alias->count = count;
	alias->synced = false;
	memcpy(alias->pages, pages, count * sizeof(*pages));
	from_pages(alias);
	hash_add(aliases, &alias->node, (unsigned long)alias->addr);
	return alias->addr;
}

void vm_unmap_ram(const void *addr, unsigned int count)
{
	struct alias *alias = find_alias(addr);

	if (!alias)
		return;
	if (!alias->synced)
		to_pages(alias);
	hash_del(&alias->node);
	free_pages_exact(alias->addr, alias->count * PAGE_SIZE);
	kfree(alias);
}

void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot)
{
	return vm_map_ram(pages, count, NUMA_NO_NODE);
}

void vunmap(const void *addr)
{
	vm_unmap_ram(addr, 0);
}

void flush_kernel_vmap_range(void *addr, int size)
{
	struct alias *alias = find_alias(addr);

	if (!alias)
		return;
	to_pages(alias);
	alias->synced = true;
}

void invalidate_kernel_vmap_range(void *addr, int size)
{
	struct alias *alias = find_alias(addr);

	if (!alias)
		return;
	from_pages(alias);
	alias->synced = true;
}

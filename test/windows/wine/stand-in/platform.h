/*
 * What differs between Linux, where the stand-in is a shared library, and Windows, where it is a
 * DLL: the export of functions, and memory that can be made inaccessible.
 */
#ifndef STAND_IN_PLATFORM_H
#define STAND_IN_PLATFORM_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef _WIN32
/* Status values are those of protocol.h. */
#define WIN32_NO_STATUS
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#define EXPORT __declspec(dllexport)

static inline void *map_pages(size_t bytes)
{
	return VirtualAlloc(NULL, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

static inline void forbid_pages(void *pages, size_t bytes)
{
	DWORD before;
	VirtualProtect(pages, bytes, PAGE_NOACCESS, &before);
}

static inline void allow_pages(void *pages, size_t bytes)
{
	DWORD before;
	VirtualProtect(pages, bytes, PAGE_READWRITE, &before);
}

static inline void unmap_pages(void *pages, size_t bytes)
{
	(void)bytes;
	VirtualFree(pages, 0, MEM_RELEASE);
}

/* A handle for the system's CloseHandle. */
static inline uint64_t make_handle(void)
{
	return (uint64_t)(uintptr_t)CreateEventW(NULL, TRUE, FALSE, NULL);
}
#else
#include <sys/mman.h>
#define EXPORT __attribute__((visibility("default")))

static inline void *map_pages(size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static inline void forbid_pages(void *pages, size_t bytes)
{
	mprotect(pages, bytes, PROT_NONE);
}

static inline void allow_pages(void *pages, size_t bytes)
{
	mprotect(pages, bytes, PROT_READ | PROT_WRITE);
}

static inline void unmap_pages(void *pages, size_t bytes)
{
	munmap(pages, bytes);
}

static inline uint64_t make_handle(void)
{
	static uint64_t last = 0x100;
	return last += 4;
}
#endif

#endif

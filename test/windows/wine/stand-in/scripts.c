/*
 * The scripts that programs play on the drive. "story" makes every kind of request once, and leaves
 * a tree that the native kernel checks. "load" sends many requests from several threads at once.
 * "burst" queries the volume and missing names alone, and so needs no writable volume.
 *
 * StandInRun is called on a thread of its own: it blocks until the drive has answered.
 */
#include "client.h"

#include <stdio.h>
#include <string.h>

#define REPORT_BYTES 16384
#define MAX_REPORTED 12
#define THREADS 4
#define LARGE_BYTES (300 * 1024)

static char report[REPORT_BYTES];
static int passed, failed;
static unsigned requests;
static pthread_mutex_t report_lock = PTHREAD_MUTEX_INITIALIZER;

/* The first failures are reported, the others only counted. */
static void check(int is_right, const char *what, NTSTATUS32 status)
{
	pthread_mutex_lock(&report_lock);
	if (is_right) {
		passed++;
	} else if (failed++ < MAX_REPORTED) {
		size_t length = strlen(report);
		snprintf(report + length, REPORT_BYTES - length, "%s (0x%08x)\n", what,
			 (unsigned)status);
	}
	pthread_mutex_unlock(&report_lock);
}

#define SUCCEEDS(what, call)                                     \
	do {                                                     \
		NTSTATUS32 status_ = (call);                     \
		check(status_ == STATUS_SUCCESS, what, status_); \
	} while (0)

#define GIVES(what, expected, call)                         \
	do {                                                \
		NTSTATUS32 status_ = (call);                \
		check(status_ == (expected), what, status_); \
	} while (0)

#define HOLDS(what, condition) check(condition, what, 0)

static uint8_t pattern(uint64_t offset, unsigned seed)
{
	return (uint8_t)((offset * 31 + (offset >> 8) * 7 + seed) & 0xff);
}

static void fill(uint8_t *bytes, uint64_t offset, uint32_t length, unsigned seed)
{
	for (uint32_t i = 0; i < length; i++)
		bytes[i] = pattern(offset + i, seed);
}

static int matches(const uint8_t *bytes, uint64_t offset, uint32_t length, unsigned seed)
{
	for (uint32_t i = 0; i < length; i++)
		if (bytes[i] != pattern(offset + i, seed))
			return 0;
	return 1;
}

struct seen {
	int dots, files, directories;
	int found;
	const char *wanted;
};

static void see(void *context, const char *name, const struct file_info *info)
{
	struct seen *seen = context;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		seen->dots++;
	else if (info->attributes & ATTRIBUTE_DIRECTORY)
		seen->directories++;
	else
		seen->files++;
	if (seen->wanted && strcmp(name, seen->wanted) == 0)
		seen->found++;
}

static void make_directory(struct client *c, const char *name)
{
	struct file file;

	SUCCEEDS(name, nt_create(c, name, CREATE, DIRECTORY_FILE, READ_WRITE_DELETE, &file));
	HOLDS("a new directory is one", file.info.attributes & ATTRIBUTE_DIRECTORY);
	nt_done(c, &file);
}

static void write_text(struct client *c, const char *name, const char *text)
{
	struct file file;
	uint32_t done = 0;

	SUCCEEDS(name, nt_create(c, name, OVERWRITE_IF, NON_DIRECTORY_FILE, READ_WRITE_DELETE,
				 &file));
	SUCCEEDS("write", nt_write(c, &file, 0, text, (uint32_t)strlen(text), 0, &done));
	HOLDS("all bytes are written", done == strlen(text));
	nt_done(c, &file);
}

static void story_names(struct client *c)
{
	struct file file;

	GIVES("a name that is not there", STATUS_OBJECT_NAME_NOT_FOUND,
	      nt_create(c, "\\desktop.ini", OPEN, 0, READ_DATA, &file));
	make_directory(c, "\\folder");
	make_directory(c, "\\folder\\inner");
	GIVES("a name that is there", STATUS_OBJECT_NAME_COLLISION,
	      nt_create(c, "\\folder", CREATE, DIRECTORY_FILE, READ_WRITE_DELETE, &file));
	write_text(c, "\\folder\\a.txt", "first text");
	write_text(c, "\\folder\\a.txt", "second");
	write_text(c, "\\folder\\\xc3\xa4\xe2\x82\xac \xe4\xb8\xad.txt", "umlaut, euro, han");
	write_text(c, "\\folder\\colon\xef\x80\xba.txt", "a reserved character");
	SUCCEEDS("the root", nt_create(c, "\\", OPEN, DIRECTORY_FILE, READ_DATA, &file));
	nt_done(c, &file);
}

static void story_data(struct client *c)
{
	static uint8_t bytes[LARGE_BYTES], back[LARGE_BYTES];
	struct file file;
	uint32_t done = 0;

	SUCCEEDS("large file",
		 nt_create(c, "\\large", CREATE, NON_DIRECTORY_FILE, READ_WRITE_DELETE, &file));
	fill(bytes, 0, LARGE_BYTES, 1);
	SUCCEEDS("one large write", nt_write(c, &file, 0, bytes, LARGE_BYTES, 0, &done));
	HOLDS("the large write is whole", done == LARGE_BYTES);
	HOLDS("the answer has the size", file.info.file_size == LARGE_BYTES);
	SUCCEEDS("one large read", nt_read(c, &file, 0, back, LARGE_BYTES, &done));
	HOLDS("what was written is read", done == LARGE_BYTES && matches(back, 0, done, 1));
	SUCCEEDS("a read over the end", nt_read(c, &file, LARGE_BYTES - 10, back, 4096, &done));
	HOLDS("a read over the end is short", done == 10);
	GIVES("a read after the end", STATUS_END_OF_FILE,
	      nt_read(c, &file, LARGE_BYTES, back, 4096, &done));
	SUCCEEDS("append", nt_write(c, &file, UINT64_MAX, "end", 3, 0, &done));
	HOLDS("appending is at the end", file.info.file_size == LARGE_BYTES + 3);
	SUCCEEDS("paging write", nt_write(c, &file, LARGE_BYTES, bytes, 4096, 1, &done));
	HOLDS("a paging write does not extend", file.info.file_size == LARGE_BYTES + 3);
	SUCCEEDS("shorten", nt_set_size(c, &file, 100000));
	SUCCEEDS("query", nt_query(c, &file));
	HOLDS("the size is what was set", file.info.file_size == 100000);
	SUCCEEDS("set the time", nt_set_write_time(c, &file, 132000000000000000u));
	HOLDS("the time is what was set", file.info.last_write_time == 132000000000000000u);
	SUCCEEDS("flush the file", nt_flush(c, &file));
	nt_done(c, &file);
	struct file none = { 0 };
	SUCCEEDS("flush the volume", nt_flush(c, &none));
}

static void story_attributes(struct client *c)
{
	struct file file;
	char value[256];
	int length;
	uint32_t bytes;

	SUCCEEDS("open", nt_create(c, "\\folder\\a.txt", OPEN, 0, READ_WRITE_DELETE, &file));
	SUCCEEDS("set EA", nt_set_ea(c, &file, "test.ea", "value"));
	SUCCEEDS("get EA", nt_get_ea(c, &file, "test.ea", value, &length));
	HOLDS("the EA is what was set", length == 5 && memcmp(value, "value", 5) == 0);
	SUCCEEDS("security", nt_query_security(c, &file, &bytes));
	/* A self-relative descriptor: revision 1, SE_SELF_RELATIVE. */
	HOLDS("a descriptor", bytes > 20 && c->response.trailer[c->response.buffer.offset] == 1 &&
				      c->response.trailer[c->response.buffer.offset + 3] & 0x80);
	nt_done(c, &file);
}

static void story_rename(struct client *c)
{
	struct file file, other;
	uint8_t back[64];
	uint32_t done = 0;

	write_text(c, "\\old", "renamed");
	write_text(c, "\\in the way", "replaced");
	SUCCEEDS("open", nt_create(c, "\\old", OPEN, 0, READ_WRITE_DELETE, &file));
	GIVES("rename on a name in use", STATUS_OBJECT_NAME_COLLISION,
	      nt_rename(c, &file, "\\in the way", 0));
	SUCCEEDS("rename over it", nt_rename(c, &file, "\\in the way", 1));
	SUCCEEDS("into a folder", nt_rename(c, &file, "\\folder\\inner\\new", 0));
	SUCCEEDS("read after rename", nt_read(c, &file, 0, back, 64, &done));
	HOLDS("the open file is the same", done == 7 && memcmp(back, "renamed", 7) == 0);
	GIVES("the old name is gone", STATUS_OBJECT_NAME_NOT_FOUND,
	      nt_create(c, "\\old", OPEN, 0, READ_DATA, &other));
	nt_done(c, &file);
	SUCCEEDS("a folder",
		 nt_create(c, "\\folder\\inner", OPEN, DIRECTORY_FILE, READ_WRITE_DELETE, &file));
	SUCCEEDS("a folder's rename", nt_rename(c, &file, "\\moved", 0));
	nt_done(c, &file);
}

static void story_delete(struct client *c)
{
	struct file file;
	uint8_t back[64];
	uint32_t done = 0;

	write_text(c, "\\doomed", "still here");
	SUCCEEDS("open", nt_create(c, "\\doomed", OPEN, 0, READ_WRITE_DELETE, &file));
	SUCCEEDS("dispose", nt_dispose(c, &file));
	SUCCEEDS("cleanup deletes", nt_cleanup(c, &file, "\\doomed"));
	SUCCEEDS("paging read of a deleted file", nt_read(c, &file, 0, back, 64, &done));
	HOLDS("its content is still there", done == 10);
	SUCCEEDS("close", nt_close(c, &file));
	GIVES("it is gone", STATUS_OBJECT_NAME_NOT_FOUND,
	      nt_create(c, "\\doomed", OPEN, 0, READ_DATA, &file));
	GIVES("a folder that is not empty", STATUS_DIRECTORY_NOT_EMPTY, nt_delete(c, "\\folder"));
	make_directory(c, "\\empty");
	SUCCEEDS("an empty folder", nt_delete(c, "\\empty"));
}

static void story_list(struct client *c)
{
	struct file file;
	char name[64];

	make_directory(c, "\\many");
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "\\many\\file %03d", i);
		SUCCEEDS("many", nt_create(c, name, CREATE, NON_DIRECTORY_FILE, READ_WRITE_DELETE,
					   &file));
		nt_done(c, &file);
	}
	SUCCEEDS("open", nt_create(c, "\\many", OPEN, DIRECTORY_FILE, READ_DATA, &file));
	for (uint32_t part = 1024; part <= 60000; part = part * 7) {
		struct seen seen = { .wanted = "file 123" };
		int count = nt_list(c, &file, part, see, &seen);
		HOLDS("every entry is listed", count == 302 && seen.files == 300 && seen.dots == 2);
		HOLDS("each entry once", seen.found == 1);
	}
	nt_done(c, &file);
}

static void story_oddities(struct client *c)
{
	struct volume_info info;
	struct file none = { .context = 1, .context2 = 123456789 };

	SUCCEEDS("volume", nt_query_volume(c, &info));
	HOLDS("the volume has a size", info.total_size > 0 && info.free_size <= info.total_size);
	HOLDS("an unknown request is refused", nt_unknown(c) < 0);
	HOLDS("a file that is not open is refused", nt_query(c, &none) < 0);
	SUCCEEDS("a Close is always answered", nt_close(c, &none));
}

static void story(struct client *c)
{
	story_oddities(c);
	story_names(c);
	story_data(c);
	story_attributes(c);
	story_rename(c);
	story_delete(c);
	story_list(c);
}

struct worker {
	struct client client;
	pthread_t thread;
	unsigned number, rounds;
	int burst;
};

static void burst(struct client *c, unsigned rounds)
{
	struct volume_info info;
	struct file file;

	for (unsigned round = 0; round < rounds; round++) {
		SUCCEEDS("volume", nt_query_volume(c, &info));
		HOLDS("an error for what is not there",
		      nt_create(c, "\\not there", OPEN, 0, READ_DATA, &file) < 0);
		HOLDS("an unknown request is refused", nt_unknown(c) < 0);
	}
}

/* 10 requests a round: a file is made, written, read, queried, cut, renamed, closed. */
static void load(struct client *c, unsigned number, unsigned rounds)
{
	uint8_t bytes[8192], back[8192];
	char name[64], new_name[64];
	struct file file;
	uint32_t done = 0;

	snprintf(name, sizeof(name), "\\load %u", number);
	make_directory(c, name);
	for (unsigned round = 0; round < rounds; round++) {
		uint64_t offset = (uint64_t)(round % 50) * 1000;
		snprintf(name, sizeof(name), "\\load %u\\f%u", number, round % 40);
		snprintf(new_name, sizeof(new_name), "\\load %u\\g%u", number, round % 40);
		NTSTATUS32 status = nt_create(c, name, OPEN_IF, NON_DIRECTORY_FILE,
					      READ_WRITE_DELETE, &file);
		check(status == STATUS_SUCCESS, "create", status);
		/* The volume is stopped: every further request would be cancelled. */
		if (status == STATUS_CANCELLED)
			return;
		fill(bytes, offset, sizeof(bytes), number);
		SUCCEEDS("write", nt_write(c, &file, offset, bytes, sizeof(bytes), 0, &done));
		SUCCEEDS("read", nt_read(c, &file, offset, back, sizeof(back), &done));
		HOLDS("what was written is read",
		      done == sizeof(back) && matches(back, offset, done, number));
		SUCCEEDS("query", nt_query(c, &file));
		HOLDS("the size", file.info.file_size >= offset + sizeof(bytes));
		SUCCEEDS("write again", nt_write(c, &file, offset, bytes, 100, 0, &done));
		SUCCEEDS("set size", nt_set_size(c, &file, offset + 4096));
		SUCCEEDS("rename", nt_rename(c, &file, new_name, 1));
		SUCCEEDS("query again", nt_query(c, &file));
		nt_done(c, &file);
	}
}

static void *work(void *argument)
{
	struct worker *worker = argument;

	if (worker->burst)
		burst(&worker->client, worker->rounds);
	else
		load(&worker->client, worker->number, worker->rounds);
	return NULL;
}

static void run_threads(struct volume *volume, unsigned rounds, int burst_only)
{
	struct worker *workers = calloc(THREADS, sizeof(*workers));

	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].client.volume = volume;
		workers[i].number = i;
		workers[i].rounds = rounds;
		workers[i].burst = burst_only;
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		requests += workers[i].client.requests;
	}
	free(workers);
}

/* Plays a script; answers how many of its checks failed, or -1 without a volume. */
EXPORT int StandInRun(const char *script, unsigned rounds)
{
	struct volume *volume = the_volume;

	if (!volume)
		return -1;
	passed = failed = 0;
	requests = 0;
	report[0] = 0;
	if (strcmp(script, "story") == 0) {
		struct client *client = calloc(1, sizeof(*client));
		client->volume = volume;
		story(client);
		requests = client->requests;
		free(client);
	} else {
		run_threads(volume, rounds, strcmp(script, "burst") == 0);
	}
	if (faults() > 0)
		check(0, last_fault(), 0);
	return failed;
}

EXPORT int StandInPassed(void)
{
	return passed;
}

EXPORT unsigned StandInRequests(void)
{
	return requests;
}

/* The failed checks of the last script, a line each. */
EXPORT const char *StandInReport(void)
{
	return report;
}

static void *play(void *argument)
{
	const char *file = getenv("STAND_IN_REPORT");
	FILE *out = file ? fopen(file, "wb") : NULL;
	int result = StandInRun(argument, 1);

	if (out) {
		fprintf(out, "%d passed, %d failed\n%s", passed, result, report);
		fclose(out);
	}
	/* The drive is removed, as when WinFsp is uninstalled. */
	FspFsctlStop0(volume_handle(the_volume));
	return NULL;
}

void play_by_itself(void)
{
	const char *script = getenv("STAND_IN_PLAY");
	pthread_t thread;

	if (script && pthread_create(&thread, NULL, play, (void *)(uintptr_t)script) == 0)
		pthread_detach(thread);
}

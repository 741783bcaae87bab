#include "collect.h"

enum { CHUNK_BYTES = 65536 };

/* The path being sent; the part after `prefix` is relative to what was asked for. */
struct walk {
	u32 index;
	u64 prefix;
	u32 error;
	char path[4096];
};

static void send_entry(const struct walk *walk, u32 mode, const char *target)
{
	static struct text text;
	struct { u32 index, mode; } head = {walk->index, mode};
	const char *relative = walk->path + walk->prefix;
	text_join(&text, relative[0] == '/' ? relative + 1 : relative, "", "");
	text.length++; /* keeps the NUL */
	text_add(&text, target);
	frame_send(FRAME_COLLECT_ENTRY, &head, sizeof head, text.bytes, text.length + 1);
}

static void send_file(struct walk *walk)
{
	static u8 *chunk;
	if (chunk == NULL)
		chunk = pages(CHUNK_BYTES);
	int file = call3(SYS_OPEN, walk->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	long count = file;
	while (count >= 0 && (count = call3(SYS_READ, file, chunk, CHUNK_BYTES)) > 0)
		frame_send(FRAME_COLLECT_DATA, chunk, count, NULL, 0);
	if (count < 0)
		walk->error = -count;
	if (file >= 0)
		call1(SYS_CLOSE, file);
}

struct entry { /* struct linux_dirent64 */
	u64 inode, offset;
	u16 length;
	u8 type;
	char name[];
};

static void send(struct walk *walk, int follow);

static void send_folder(struct walk *walk)
{
	enum { ENTRY_BYTES = 32768 };
	u8 *entries = pages(ENTRY_BYTES);
	u64 end = text_length(walk->path);
	int folder = call3(SYS_OPEN, walk->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	long length = folder;
	while (folder >= 0 && (length = call3(SYS_GETDENTS64, folder, entries, ENTRY_BYTES)) > 0)
		for (long at = 0; at < length;) {
			const struct entry *entry = (const struct entry *)(entries + at);
			u64 size = text_length(entry->name);
			at += entry->length;
			if (text_equal(entry->name, ".") || text_equal(entry->name, "..") ||
			    end + size + 2 > sizeof walk->path)
				continue;
			walk->path[end] = '/';
			memcpy(walk->path + end + 1, entry->name, size + 1);
			send(walk, 0);
			walk->path[end] = 0;
		}
	if (length < 0)
		walk->error = -length;
	if (folder >= 0)
		call1(SYS_CLOSE, folder);
	call2(SYS_MUNMAP, entries, ENTRY_BYTES);
}

static void send(struct walk *walk, int follow)
{
	char target[1024] = {0};
	struct status status;
	long result = call2(follow ? SYS_STAT : SYS_LSTAT, walk->path, &status);
	if (result < 0) {
		walk->error = -result;
		return;
	}
	u32 kind = status.mode & S_IFMT;
	if (kind == S_IFLNK)
		call3(SYS_READLINK, walk->path, target, sizeof target - 1);
	if (kind != S_IFLNK && kind != S_IFREG && kind != S_IFDIR)
		return;
	send_entry(walk, status.mode, target);
	if (kind == S_IFREG)
		send_file(walk);
	else if (kind == S_IFDIR)
		send_folder(walk);
}

void collect_all(const struct spec *spec)
{
	static struct walk walk;
	const struct record *record = NULL;
	for (u32 index = 0; (record = spec_next(spec, RECORD_COLLECT, record)) != NULL; index++) {
		walk.index = index;
		walk.error = 0;
		walk.prefix = text_length((const char *)record->bytes);
		if (walk.prefix >= sizeof walk.path)
			continue;
		memcpy(walk.path, record->bytes, walk.prefix + 1);
		send(&walk, 1);
		u32 end[2] = {index, walk.error};
		frame_send(FRAME_COLLECT_END, end, sizeof end, NULL, 0);
	}
}

/* What the host wants run: FRAME_START taken apart. */
#pragma once
#include "protocol.h"

struct record {
	u32 type, length;
	u8 bytes[];
};

struct spec {
	const u8 *records;
	u64 length;
	char **arguments, **environment;
	const char *program, *directory;
	u32 root, terminal, closed, umask, linger;
	const struct record *identity, *window_size;
};

void spec_read(struct spec *spec, const struct frame *frame);
/* The next record of that type after `after` (NULL: the first), or NULL. */
const struct record *spec_next(const struct spec *spec, u32 type, const struct record *after);
u32 record_number(const struct record *record, u32 index);

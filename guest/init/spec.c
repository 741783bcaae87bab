#include "spec.h"

u32 record_number(const struct record *record, u32 index)
{
	u32 number = 0;
	if (4 * index + 4 <= record->length)
		memcpy(&number, record->bytes + 4 * index, 4);
	return number;
}

const struct record *spec_next(const struct spec *spec, u32 type, const struct record *after)
{
	const u8 *end = spec->records + spec->length;
	const u8 *at = after == NULL ? spec->records : after->bytes + after->length;
	while (at + sizeof(struct record) <= end) {
		const struct record *record = (const struct record *)at;
		if (record->length > (u64)(end - record->bytes))
			return NULL;
		if (record->type == type)
			return record;
		at = record->bytes + record->length;
	}
	return NULL;
}

static char **texts(const struct spec *spec, u32 type)
{
	u64 count = 0;
	const struct record *record = NULL;
	while ((record = spec_next(spec, type, record)) != NULL)
		count++;
	char **list = pages((count + 1) * sizeof *list);
	for (u64 i = 0; (record = spec_next(spec, type, record)) != NULL; i++)
		list[i] = (char *)record->bytes;
	return list;
}

static u32 number(const struct spec *spec, u32 type, u32 otherwise)
{
	const struct record *record = spec_next(spec, type, NULL);
	return record == NULL ? otherwise : record_number(record, 0);
}

static const char *text(const struct spec *spec, u32 type)
{
	const struct record *record = spec_next(spec, type, NULL);
	return record == NULL ? NULL : (const char *)record->bytes;
}

void spec_read(struct spec *spec, const struct frame *frame)
{
	u8 *copy = pages(frame->length + 1ul);
	memcpy(copy, frame->payload, frame->length);
	spec->records = copy;
	spec->length = frame->length;
	spec->arguments = texts(spec, RECORD_ARGUMENT);
	spec->environment = texts(spec, RECORD_ENVIRONMENT);
	spec->program = text(spec, RECORD_PROGRAM);
	spec->directory = text(spec, RECORD_DIRECTORY);
	spec->root = number(spec, RECORD_ROOT, ROOT_SHARE);
	spec->terminal = number(spec, RECORD_TERMINAL, 0);
	spec->closed = number(spec, RECORD_CLOSED, 0);
	spec->umask = number(spec, RECORD_UMASK, 022);
	spec->linger = number(spec, RECORD_LINGER, 0);
	spec->identity = spec_next(spec, RECORD_IDENTITY, NULL);
	spec->window_size = spec_next(spec, RECORD_WINDOW_SIZE, NULL);
}

#include "system.h"

void *memcpy(void *to, const void *from, __SIZE_TYPE__ count)
{
	void *start = to;
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
	return start;
}

void *memmove(void *to, const void *from, __SIZE_TYPE__ count)
{
	u8 *target = to;
	const u8 *source = from;
	if (target <= source)
		return memcpy(to, from, count);
	while (count-- > 0)
		target[count] = source[count];
	return to;
}

void *memset(void *to, int value, __SIZE_TYPE__ count)
{
	void *start = to;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
	return start;
}

u64 text_length(const char *text)
{
	u64 length = 0;
	while (text[length] != 0)
		length++;
	return length;
}

int text_equal(const char *a, const char *b)
{
	while (*a != 0 && *a == *b)
		a++, b++;
	return *a == *b;
}

int text_has(const char *text, char wanted)
{
	for (; *text != 0; text++)
		if (*text == wanted)
			return 1;
	return 0;
}

void text_clear(struct text *text)
{
	text->length = 0;
	text->bytes[0] = 0;
}

void text_add(struct text *text, const char *more)
{
	while (*more != 0 && text->length + 1 < sizeof text->bytes)
		text->bytes[text->length++] = *more++;
	text->bytes[text->length] = 0;
}

void text_add_number(struct text *text, u64 number)
{
	char digits[24];
	int at = sizeof digits - 1;
	digits[at] = 0;
	do
		digits[--at] = '0' + number % 10;
	while ((number /= 10) != 0);
	text_add(text, digits + at);
}

const char *text_join(struct text *text, const char *a, const char *b, const char *c)
{
	text_clear(text);
	text_add(text, a);
	text_add(text, b);
	text_add(text, c);
	return text->bytes;
}

void say(const char *a, const char *b, const char *c)
{
	static struct text line;
	text_join(&line, "trapline init: ", a, b);
	text_add(&line, c);
	text_add(&line, "\n");
	write_all(2, line.bytes, line.length);
}

void *pages(u64 bytes)
{
	enum { PROTECTION_READ_WRITE = 3, PRIVATE_ANONYMOUS = 0x22 };
	return (void *)call6(SYS_MMAP, 0, (bytes + 4095) & ~4095ul, PROTECTION_READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
}

void write_all(int descriptor, const void *bytes, u64 count)
{
	const u8 *next = bytes;
	while (count > 0) {
		long done = call3(SYS_WRITE, descriptor, next, count);
		if (done == -EINTR)
			continue;
		if (done == -EAGAIN) {
			struct poll_entry entry = {descriptor, POLLOUT, 0};
			call3(SYS_POLL, &entry, 1, -1);
			continue;
		}
		if (done <= 0)
			return;
		next += done;
		count -= done;
	}
}

int read_all(int descriptor, void *bytes, u64 count)
{
	u8 *next = bytes;
	while (count > 0) {
		long done = call3(SYS_READ, descriptor, next, count);
		if (done == -EINTR)
			continue;
		if (done == -EAGAIN) {
			struct poll_entry entry = {descriptor, POLLIN, 0};
			call3(SYS_POLL, &entry, 1, -1);
			continue;
		}
		if (done <= 0)
			return -1;
		next += done;
		count -= done;
	}
	return 0;
}

void sleep_milliseconds(u64 count)
{
	long time[2] = {count / 1000, count % 1000 * 1000000};
	call2(SYS_NANOSLEEP, time, 0);
}

u64 monotonic_milliseconds(void)
{
	enum { CLOCK_MONOTONIC = 1 };
	u64 now[2] = {0, 0};
	call2(SYS_CLOCK_GETTIME, CLOCK_MONOTONIC, now);
	return now[0] * 1000 + now[1] / 1000000;
}

/* Whatever umask is in force. */
void make_directory(const char *path, u32 mode)
{
	if (call2(SYS_MKDIR, path, mode) == 0)
		call2(SYS_CHMOD, path, mode);
}

void make_directories(char *path, u32 mode)
{
	for (char *at = path + 1; *at != 0; at++)
		if (*at == '/') {
			*at = 0;
			make_directory(path, 0755);
			*at = '/';
		}
	make_directory(path, mode);
}

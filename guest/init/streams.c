#include "streams.h"

enum { BUFFER_BYTES = 65536, TERMINAL_GROUP = 5 };
/*
 * The terminal's line discipline hands on output from a worker thread: give it this long to run dry. Pipes end by
 * themselves unless a process in the background holds them.
 */
enum { PATIENCE_MILLISECONDS = 20 };

static void pump(struct streams *streams, int from, int to, int close_to, int close_from)
{
	struct stream *stream = &streams->pumps[streams->count++];
	*stream = (struct stream){from, to, close_to, close_from, 0, 0, pages(BUFFER_BYTES)};
}

static void set_nonblocking(int descriptor)
{
	enum { F_SETFL = 4 };
	call3(SYS_FCNTL, descriptor, F_SETFL, O_NONBLOCK);
}

/* The program's user must be able to open /dev/stdout and the like anew. */
static void give_away(int descriptor, const struct spec *spec, u32 group)
{
	if (spec->identity != NULL)
		call3(SYS_FCHOWN, descriptor, record_number(spec->identity, 0), group);
}

static int open_terminal(struct streams *streams, const struct ports *ports, const struct spec *spec)
{
	enum { UNLOCK = 0x40045431, GET_SLAVE = 0x5441 };
	int zero = 0;
	streams->master = call3(SYS_OPEN, "/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0);
	if (streams->master < 0)
		return -1;
	call3(SYS_IOCTL, streams->master, UNLOCK, &zero);
	streams->slave = call3(SYS_IOCTL, streams->master, GET_SLAVE, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (streams->slave < 0)
		return -1;
	give_away(streams->slave, spec, TERMINAL_GROUP);
	if (spec->window_size != NULL)
		streams_resize(streams, spec->window_size->bytes);
	pump(streams, ports->terminal, streams->master, 0, 0);
	pump(streams, streams->master, ports->terminal, 0, 1);
	return 0;
}

int streams_open(struct streams *streams, const struct ports *ports, const struct spec *spec)
{
	const int outer[3] = {ports->input, ports->output, ports->error};
	streams->slave = streams->master = -1;
	if (spec->terminal != 0 && open_terminal(streams, ports, spec) != 0)
		return -1;
	for (int i = 0; i < 3; i++) {
		int ends[2];
		streams->inner[i] = streams->slave;
		if ((spec->terminal & (1 << i)) != 0)
			continue;
		if (call2(SYS_PIPE2, ends, O_CLOEXEC) != 0)
			return -1;
		int inner = i == 0 ? 0 : 1;
		streams->inner[i] = ends[inner];
		give_away(ends[inner], spec, spec->identity == NULL ? 0 : record_number(spec->identity, 1));
		set_nonblocking(ends[1 - inner]);
		if (i == 0)
			pump(streams, outer[i], ends[1], 1, 0);
		else
			pump(streams, ends[0], outer[i], 0, 1);
	}
	return 0;
}

void streams_adopt(const struct streams *streams, const struct spec *spec)
{
	enum { SET_CONTROLLING = 0x540e };
	int kept[3];
	call0(SYS_SETSID);
	if (streams->slave >= 0)
		call3(SYS_IOCTL, streams->slave, SET_CONTROLLING, 0);
	/* Out of the way of 0, 1 and 2 first; they are init's console. */
	for (int i = 0; i < 3; i++)
		kept[i] = streams->inner[i];
	for (int i = 0; i < 3; i++)
		if ((spec->closed & (1 << i)) != 0)
			call1(SYS_CLOSE, i);
		else
			call3(SYS_DUP3, kept[i], i, 0);
}

void streams_leave(struct streams *streams)
{
	for (int i = 0; i < 3; i++)
		if (streams->inner[i] >= 0 && streams->inner[i] != streams->slave)
			call1(SYS_CLOSE, streams->inner[i]);
	if (streams->slave >= 0)
		call1(SYS_CLOSE, streams->slave);
}

static void end(struct stream *stream)
{
	if (stream->close_to)
		call1(SYS_CLOSE, stream->to);
	if (stream->close_from)
		call1(SYS_CLOSE, stream->from);
	stream->from = stream->to = -1;
}

static void fill(struct stream *stream)
{
	long count = call3(SYS_READ, stream->from, stream->buffer, BUFFER_BYTES);
	if (count > 0) {
		stream->start = 0;
		stream->end = count;
	} else if (count != -EAGAIN && count != -EINTR)
		end(stream);
}

static void flush(struct stream *stream)
{
	long count = call3(SYS_WRITE, stream->to, stream->buffer + stream->start, stream->end - stream->start);
	if (count > 0)
		stream->start += count;
	else if (count != -EAGAIN && count != -EINTR)
		end(stream);
}

u32 streams_wanted(const struct streams *streams, struct poll_entry *entries)
{
	for (u32 i = 0; i < streams->count; i++) {
		const struct stream *stream = &streams->pumps[i];
		int full = stream->start < stream->end;
		/* A hang-up is told even if nothing is asked for; then only of the side that must know it. */
		entries[2 * i] = (struct poll_entry){full ? -1 : stream->from, POLLIN, 0};
		entries[2 * i + 1] = (struct poll_entry){stream->to, full ? POLLOUT : 0, 0};
	}
	return 2 * streams->count;
}

void streams_move(struct streams *streams, const struct poll_entry *entries, u32 count)
{
	for (u32 i = 0; 2 * i + 1 < count; i++) {
		struct stream *stream = &streams->pumps[i];
		int full = stream->start < stream->end;
		if (stream->from < 0)
			continue;
		if ((entries[2 * i + 1].got & (POLLHUP | POLLERR)) != 0)
			end(stream);
		else if (full && (entries[2 * i + 1].got & POLLOUT) != 0)
			flush(stream);
		else if (!full && entries[2 * i].got != 0)
			fill(stream);
	}
}

/* Blocks on the port while the host is slow. */
static void drain(struct stream *stream)
{
	while (stream->from >= 0 && stream->to >= 0) {
		if (stream->start < stream->end) {
			struct poll_entry entry = {stream->to, POLLOUT, 0};
			call3(SYS_POLL, &entry, 1, -1);
			if ((entry.got & (POLLHUP | POLLERR)) != 0)
				return;
			flush(stream);
			continue;
		}
		struct poll_entry entry = {stream->from, POLLIN, 0};
		if (call3(SYS_POLL, &entry, 1, PATIENCE_MILLISECONDS) <= 0)
			return;
		fill(stream);
	}
}

void streams_drain(struct streams *streams)
{
	for (u32 i = 0; i < streams->count; i++)
		if (streams->pumps[i].close_from)
			drain(&streams->pumps[i]);
}

void streams_resize(const struct streams *streams, const void *window_size)
{
	enum { SET_WINDOW_SIZE = 0x5414 };
	if (streams->master >= 0)
		call3(SYS_IOCTL, streams->master, SET_WINDOW_SIZE, window_size);
}

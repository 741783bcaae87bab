/* Standard input, output and error of the program, and the pump that carries their bytes to the ports and back. */
#pragma once
#include "ports.h"
#include "spec.h"

struct stream {
	int from, to;	/* -1: ended */
	int close_to;	/* tell the reader that nothing follows by closing `to` */
	int close_from;	/* tell the writer that nobody reads by closing `from` */
	u64 start, end;	/* what is in the buffer */
	u8 *buffer;
};

struct streams {
	/* The program's side, for the child: descriptors 0, 1 and 2, and whether a terminal has to be made its own. */
	int inner[3];
	int slave, master;
	struct stream pumps[5];
	u32 count;
};

int streams_open(struct streams *streams, const struct ports *ports, const struct spec *spec);
/* After the fork, in the child: takes its three descriptors. */
void streams_adopt(const struct streams *streams, const struct spec *spec);
/* After the fork, in init: the program's side is the program's. */
void streams_leave(struct streams *streams);

/* Poll entries for all pumps are written to `entries`; returns how many (at most two a pump). */
u32 streams_wanted(const struct streams *streams, struct poll_entry *entries);
/* Moves what can be moved. */
void streams_move(struct streams *streams, const struct poll_entry *entries, u32 count);
/* After the program's end: whatever is still in pipes and terminal goes out. */
void streams_drain(struct streams *streams);
void streams_resize(const struct streams *streams, const void *window_size);

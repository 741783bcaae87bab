/*
 * What init and the host say to each other over the control port. A frame is its type and the length of its payload
 * (little-endian u32 each), then the payload. src/world/protocol.ts is the other side.
 */
#pragma once
#include "system.h"

enum { PROTOCOL_VERSION = 1 };

enum frame_type {
	/* From the guest. */
	FRAME_READY = 1,	/* u32 version, u32 capabilities: everything is loaded, nothing has begun */
	FRAME_STARTED = 2,	/* u32 pid */
	FRAME_EXITED = 3,	/* u32 wait status of CMD, u32 1 if processes that it left still run; their output has been passed on */
	FRAME_FAILED = 4,	/* u32 exit status for the host, text: CMD could not be started */
	FRAME_WARNING = 5,	/* text */
	FRAME_COLLECT_ENTRY = 6,/* u32 index of the path asked for, u32 mode, path relative to it ("" is itself), NUL, link target */
	FRAME_COLLECT_DATA = 7,	/* more bytes of the entry before */
	FRAME_COLLECT_END = 8,	/* u32 index, u32 errno */
	FRAME_DONE = 9,		/* nothing follows */
	/* From the host. */
	FRAME_START = 32,	/* records: see enum record_type */
	FRAME_WINDOW_SIZE = 33,	/* struct winsize: u16 rows, columns, width, height */
	FRAME_SIGNAL = 34,	/* u32 signal for CMD's process group */
	FRAME_END = 35,		/* power off */
};

/* The console ports are there. Without them, control is the second serial line and the program's terminal the first. */
enum { CAPABILITY_STREAMS = 1 };

/* Records of FRAME_START: u32 type, u32 length, bytes. Texts end with a NUL that is counted. */
enum record_type {
	RECORD_ARGUMENT = 1,	/* one each, argv[0] first */
	RECORD_ENVIRONMENT = 2,	/* one each, NAME=value */
	RECORD_DIRECTORY = 3,	/* working directory */
	RECORD_HOST_NAME = 4,
	RECORD_ROOT = 5,	/* u32 enum root_kind */
	RECORD_IDENTITY = 6,	/* u32 uid, gid, supplementary groups */
	RECORD_TERMINAL = 7,	/* u32, bit n: descriptor n is the terminal */
	RECORD_WINDOW_SIZE = 8,	/* as FRAME_WINDOW_SIZE */
	RECORD_TIME = 9,	/* u64 seconds, u64 nanoseconds since 1970 */
	RECORD_SEED = 10,	/* random bytes for the kernel's pool */
	RECORD_COLLECT = 11,	/* path, one each */
	RECORD_MAKE_DIRECTORY = 12, /* u32 mode, u32 uid, u32 gid, path: unless it is there */
	RECORD_UMASK = 13,	/* u32 */
	RECORD_LIMIT = 14,	/* u32 resource, u32 zero, u64 soft, u64 hard */
	RECORD_PROGRAM = 15,	/* file to run; without it argv[0] is looked up in PATH */
	RECORD_CLOSED = 16,	/* u32, bit n: descriptor n is closed */
	RECORD_LINGER = 17,	/* u32: seconds that processes which CMD left may go on behind its end */
};

enum root_kind { ROOT_SHARE = 0, ROOT_INITRAMFS = 1 };

struct frame {
	u32 type, length;
	u8 *payload;
};

void frame_send(u32 type, const void *first, u64 first_length, const void *second, u64 second_length);
void frame_send_number(u32 type, u32 number);
/* Waits for the next frame; its payload lives until the next call. -1: the host hung up. */
int frame_receive(struct frame *frame);

extern int control;

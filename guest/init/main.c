/*
 * Process 1 of a recorded guest. Loads the modules, opens the control port, says that it is ready and waits: the
 * host takes its snapshot of the booted guest here. Then it builds the file tree, runs one program, carries its
 * input and output, and reports how it ended.
 */
#include "collect.h"
#include "modules.h"
#include "ports.h"
#include "program.h"
#include "root.h"
#include "streams.h"

enum { SIGCHLD = 17 };
#define NEVER (~0ull)

static struct ports ports;
static struct spec spec;
static struct streams streams;

static void power_off(void)
{
	call0(SYS_SYNC);
	call3(SYS_REBOOT, 0xfee1dead, 672274793, 0x4321fedc); /* RB_POWER_OFF */
	for (;;)
		sleep_milliseconds(1000000);
}

/* The host ends the run when it has read FRAME_DONE. */
static void finish(void)
{
	struct frame frame;
	frame_send(FRAME_DONE, NULL, 0, NULL, 0);
	while (frame_receive(&frame) == 0 && frame.type != FRAME_END)
		;
	power_off();
}

static void fail(u32 status, const char *reason)
{
	frame_send(FRAME_FAILED, &status, sizeof status, reason, text_length(reason));
	finish();
}

static void kernel_file_systems(void)
{
	enum { MS_NOSUID = 2 };
	make_directory("/dev", 0755);
	make_directory("/sys", 0755);
	call5(SYS_MOUNT, "devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755");
	call5(SYS_MOUNT, "sysfs", "/sys", "sysfs", MS_NOSUID, NULL);
	int console = call3(SYS_OPEN, "/dev/console", O_RDWR, 0);
	for (int i = 0; console > 2 && i < 3; i++)
		call3(SYS_DUP3, console, i, 0);
	if (console > 2)
		call1(SYS_CLOSE, console);
}

/* 127.0.0.1 works as it does outside. */
static void loopback_up(void)
{
	enum { AF_INET = 2, SOCK_DGRAM_CLOEXEC = 2 | 02000000, SET_FLAGS = 0x8914, UP_RUNNING = 0x41 };
	struct { /* struct ifreq */
		char name[16];
		short flags;
		char rest[22];
	} request = {"lo", UP_RUNNING, {0}};
	int socket = call3(SYS_SOCKET, AF_INET, SOCK_DGRAM_CLOEXEC, 0);
	if (socket < 0)
		return;
	call3(SYS_IOCTL, socket, SET_FLAGS, &request);
	call1(SYS_CLOSE, socket);
}

/* What of the snapshot must not be the same in every run. */
static void freshen(void)
{
	enum { CLOCK_REALTIME = 0, ADD_ENTROPY = 0x40085203, RESEED = 0x5207 };
	const struct record *time = spec_next(&spec, RECORD_TIME, NULL);
	const struct record *seed = spec_next(&spec, RECORD_SEED, NULL);
	if (time != NULL && time->length == 16)
		call2(SYS_CLOCK_SETTIME, CLOCK_REALTIME, time->bytes);
	int pool = call3(SYS_OPEN, "/dev/urandom", O_RDWR | O_CLOEXEC, 0);
	if (pool < 0)
		return;
	if (seed != NULL && seed->length <= 256) {
		struct {
			int bits, length;
			u8 bytes[256];
		} more = {8 * seed->length, seed->length, {0}};
		memcpy(more.bytes, seed->bytes, seed->length);
		call3(SYS_IOCTL, pool, ADD_ENTROPY, &more);
		call3(SYS_IOCTL, pool, RESEED, 0);
	}
	call1(SYS_CLOSE, pool);
}

static void take_identity(void)
{
	const struct record *identity = spec.identity;
	if (identity == NULL || identity->length < 8)
		return;
	call2(SYS_SETGROUPS, identity->length / 4 - 2, identity->bytes + 8);
	call1(SYS_SETGID, record_number(identity, 1));
	call1(SYS_SETUID, record_number(identity, 0));
}

static void take_limits(void)
{
	const struct record *limit = NULL;
	while ((limit = spec_next(&spec, RECORD_LIMIT, limit)) != NULL)
		if (limit->length == 24)
			call4(SYS_PRLIMIT64, 0, record_number(limit, 0), limit->bytes + 8, 0);
}

/* The child's side; whatever goes wrong goes through `report`, which closes when the program has taken over. */
static void child(int report, const u64 *old_signals)
{
	static struct program_failure failure;
	streams_adopt(&streams, &spec);
	call1(SYS_UMASK, spec.umask);
	take_limits();
	take_identity();
	call4(SYS_RT_SIGPROCMASK, 2, old_signals, 0, 8);
	long result = spec.directory == NULL ? 0 : call1(SYS_CHDIR, spec.directory);
	if (result < 0)
		failure.error = -result;
	else
		program_become(&spec, &failure);
	write_all(report, &failure, sizeof failure);
	call1(SYS_EXIT, 127);
}

static long start(const u64 *old_signals)
{
	static struct program_failure failure;
	static struct text reason;
	int report[2];
	call2(SYS_PIPE2, report, O_CLOEXEC);
	long pid = call0(SYS_FORK);
	if (pid == 0)
		child(report[1], old_signals);
	call1(SYS_CLOSE, report[1]);
	streams_leave(&streams);
	if (read_all(report[0], &failure, sizeof failure) == 0) {
		u32 status = 126;
		if (failure.path[0] == 0)
			text_join(&reason, spec.directory, ": can't be the working directory in the guest", "");
		else {
			if (spec.directory != NULL)
				call1(SYS_CHDIR, spec.directory);
			status = program_explain(&spec, &failure, &reason);
		}
		fail(status, reason.bytes);
	}
	call1(SYS_CLOSE, report[0]);
	frame_send_number(FRAME_STARTED, pid);
	return pid;
}

static void obey(long pid)
{
	struct frame frame;
	if (frame_receive(&frame) != 0 || frame.type == FRAME_END)
		power_off();
	if (frame.type == FRAME_WINDOW_SIZE && frame.length == 8)
		streams_resize(&streams, frame.payload);
	if (frame.type == FRAME_SIGNAL && frame.length == 4)
		call2(SYS_KILL, -pid, *(const u32 *)frame.payload);
}

/* What init waits for. */
struct children {
	long program;
	int runs; /* The program does. */
	int any;  /* It or a process that it left does. */
	u32 status;
};

static void reap(struct children *children)
{
	enum { WNOHANG = 1 };
	u32 status;
	long child;
	while ((child = call4(SYS_WAIT4, -1, &status, WNOHANG, 0)) > 0)
		if (child == children->program) {
			children->status = status;
			children->runs = 0;
		}
	children->any = child == 0;
}

/* Until `*alive`, which is one of `children`, is 0, but not beyond `end` (monotonic milliseconds, or NEVER). */
static void attend(struct children *children, const int *alive, int child_signal, u64 end)
{
	struct poll_entry entries[2 + 2 * ARRAY_LENGTH(streams.pumps)];
	static u8 signal[128];
	while (*alive) {
		long left = -1;
		if (end != NEVER && (left = end - monotonic_milliseconds()) <= 0)
			return;
		entries[0] = (struct poll_entry){child_signal, POLLIN, 0};
		entries[1] = (struct poll_entry){control, POLLIN, 0};
		u32 count = streams_wanted(&streams, entries + 2);
		call3(SYS_POLL, entries, count + 2, left);
		streams_move(&streams, entries + 2, count);
		if (entries[1].got != 0)
			obey(children->program);
		if (entries[0].got != 0) {
			call3(SYS_READ, child_signal, signal, sizeof signal);
			reap(children);
		}
	}
}

static void run(void)
{
	static struct text reason;
	const u64 child_mask = 1ul << (SIGCHLD - 1);
	u64 old_signals = 0;
	freshen();
	loopback_up();
	const struct record *host_name = spec_next(&spec, RECORD_HOST_NAME, NULL);
	if (host_name != NULL)
		call2(SYS_SETHOSTNAME, host_name->bytes, text_length((const char *)host_name->bytes));
	if (root_enter(&spec, &reason) != 0)
		fail(125, reason.bytes);
	if (spec.arguments[0] == NULL)
		fail(125, "no program was given");
	if (streams_open(&streams, &ports, &spec) != 0)
		fail(125, "the guest's kernel has no pseudo-terminals or pipes");
	call4(SYS_RT_SIGPROCMASK, 0, &child_mask, &old_signals, 8);
	int child_signal = call4(SYS_SIGNALFD4, -1, &child_mask, 8, O_NONBLOCK | O_CLOEXEC);
	struct children children = {start(&old_signals), 1, 1, 0};
	attend(&children, &children.runs, child_signal, NEVER);
	if (spec.linger > 0)
		attend(&children, &children.any, child_signal, monotonic_milliseconds() + (u64)1000 * spec.linger);
	streams_drain(&streams);
	const u32 ending[2] = {children.status, children.any};
	frame_send(FRAME_EXITED, ending, sizeof ending, NULL, 0);
	if (spec.directory != NULL)
		call1(SYS_CHDIR, spec.directory);
	collect_all(&spec);
	finish();
}

void init_main(void)
{
	struct frame frame;
	struct status status;
	kernel_file_systems();
	modules_load();
	ports_open(&ports, call2(SYS_STAT, "/sys/bus/virtio/drivers/virtio_console", &status) == 0);
	control = ports.control;
	if (control < 0) {
		say("there is neither a console port nor a second serial line", "", "");
		power_off();
	}
	u32 ready[2] = {PROTOCOL_VERSION, ports.streams ? CAPABILITY_STREAMS : 0};
	frame_send(FRAME_READY, ready, sizeof ready, NULL, 0);
	if (frame_receive(&frame) != 0 || frame.type != FRAME_START)
		power_off();
	spec_read(&spec, &frame);
	run();
}

/* The kernel enters here with the stack aligned to 16. */
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tcall init_main\n\tud2\n");

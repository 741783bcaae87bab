#include "ports.h"

#define PORT_FOLDER "/sys/class/virtio-ports"
/* How long the driver may take to announce its ports. */
enum { PATIENCE_MILLISECONDS = 2000 };

static const char *const names[] = {
	"trapline.control", "trapline.stdin", "trapline.stdout", "trapline.stderr", "trapline.tty",
};

struct entry { /* struct linux_dirent64 */
	u64 inode, offset;
	u16 length;
	u8 type;
	char name[];
};

static int is_named(const char *device, const char *wanted)
{
	static struct text path;
	char name[64] = {0};
	text_join(&path, PORT_FOLDER "/", device, "/name");
	int file = call3(SYS_OPEN, path.bytes, O_RDONLY | O_CLOEXEC, 0);
	if (file < 0)
		return 0;
	long length = call3(SYS_READ, file, name, sizeof name - 1);
	call1(SYS_CLOSE, file);
	if (length > 0 && name[length - 1] == '\n')
		name[length - 1] = 0;
	return text_equal(name, wanted);
}

/* The port of that name, opened, or -1. */
static int open_named(const char *wanted)
{
	static u8 entries[4096];
	static struct text path;
	int folder = call3(SYS_OPEN, PORT_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	int port = -1;
	long length;
	while (port < 0 && folder >= 0 && (length = call3(SYS_GETDENTS64, folder, entries, sizeof entries)) > 0)
		for (long at = 0; at < length && port < 0;) {
			const struct entry *entry = (const struct entry *)(entries + at);
			if (entry->name[0] != '.' && is_named(entry->name, wanted))
				port = call3(SYS_OPEN, text_join(&path, "/dev/", entry->name, ""),
					     O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
			at += entry->length;
		}
	if (folder >= 0)
		call1(SYS_CLOSE, folder);
	return port;
}

void terminal_raw(int descriptor)
{
	enum { GET_ATTRIBUTES = 0x5401, SET_ATTRIBUTES = 0x5402 };
	struct { /* struct termios of the kernel */
		u32 input, output, control, local;
		u8 line, characters[19];
	} attributes;
	if (call3(SYS_IOCTL, descriptor, GET_ATTRIBUTES, &attributes) != 0)
		return;
	attributes.input = 0;
	attributes.output = 0;
	attributes.local = 0;
	attributes.control |= 0260; /* CS8 CREAD */
	call3(SYS_IOCTL, descriptor, SET_ATTRIBUTES, &attributes);
}

static int open_serial(const char *path)
{
	int line = call3(SYS_OPEN, path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
	if (line >= 0)
		terminal_raw(line);
	return line;
}

void ports_open(struct ports *ports, int console_driver)
{
	int *const places[] = {&ports->control, &ports->input, &ports->output, &ports->error, &ports->terminal};
	u64 found = 0;
	for (u64 waited = 0; console_driver && waited < PATIENCE_MILLISECONDS && found < ARRAY_LENGTH(names); waited++) {
		while (found < ARRAY_LENGTH(names) && (*places[found] = open_named(names[found])) >= 0)
			found++;
		if (found < ARRAY_LENGTH(names))
			sleep_milliseconds(1);
	}
	ports->streams = found == ARRAY_LENGTH(names);
	/* A port has its name before the driver has heard that the host listens. */
	for (u64 waited = 0; ports->streams && waited < PATIENCE_MILLISECONDS; waited++) {
		struct poll_entry entry = {ports->control, 0, 0};
		call3(SYS_POLL, &entry, 1, 0);
		if ((entry.got & POLLHUP) == 0)
			break;
		sleep_milliseconds(1);
	}
	if (!ports->streams) {
		ports->control = open_serial("/dev/ttyS1");
		ports->input = ports->output = ports->error = ports->terminal = open_serial("/dev/ttyS0");
	}
}

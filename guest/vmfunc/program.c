// Switches between second-level views and triggers introspections, all from user mode and without a library. It runs
// where VMFUNC does: under `trapline record --traps vmfunc`. Anywhere else it says so.

enum { SYS_WRITE = 1, SYS_RT_SIGACTION = 13, SYS_EXIT_GROUP = 231 };
enum { SIGILL = 4 };
enum { SWITCH_VIEW = 0, PROCESSES = 1, MODULES = 2, MEMORY = 3, TELL = 40 };
enum { VIEWS = 512 };

char secret[4096] __attribute__((aligned(4096))) = "what nobody is to read";

static const char *excuse;

static long call(long number, long first, long second, long third, long fourth)
{
	register long r10 __asm__("r10") = fourth;
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(first), "S"(second), "d"(third), "r"(r10)
		: "rcx", "r11", "memory");
	return result;
}

static void say(const char *text)
{
	long length = 0;
	while (text[length])
		length++;
	call(SYS_WRITE, 1, (long)text, length, 0);
}

/** VMFUNC: the function in EAX, a view in ECX; RDI and RSI are what a trigger hands over. */
static void vmfunc(unsigned function, unsigned view, const void *first, unsigned long second)
{
	__asm__ volatile(".byte 0x0f, 0x01, 0xd4" : : "a"(function), "c"(view), "D"(first), "S"(second) : "memory");
}

static void illegal(int signal)
{
	say(excuse);
	call(SYS_EXIT_GROUP, signal == SIGILL && excuse[0] == 'v' ? 0 : 1, 0, 0, 0);
}

static void catch_illegal(void)
{
	static struct { void (*handler)(int); unsigned long flags; void *restorer; unsigned long mask; } action;
	action.handler = illegal;
	action.flags = 0x04000000; // SA_RESTORER, which x86-64 insists on; the handler never returns
	call(SYS_RT_SIGACTION, SIGILL, (long)&action, 0, sizeof action.mask);
}

void _start(void)
{
	volatile char *memory = secret;
	excuse = "there are no VM functions here\n";
	catch_illegal();
	vmfunc(SWITCH_VIEW, 1, 0, 0);
	memory[0] = memory[1];
	vmfunc(SWITCH_VIEW, 0, 0, 0);
	memory[0] = memory[2];
	vmfunc(PROCESSES, 0, 0, 0);
	vmfunc(MODULES, 0, 0, 0);
	vmfunc(MEMORY, 0, secret, 32);
	vmfunc(TELL, 0, (const void *)0x1234, 0x5678);
	say("done\n");
	excuse = "view 512 is not on the list\n";
	vmfunc(SWITCH_VIEW, VIEWS, 0, 0);
	say("view 512 should not be there\n");
	call(SYS_EXIT_GROUP, 2, 0, 0, 0);
}

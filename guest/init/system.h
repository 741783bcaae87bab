/* System calls and the little of a C library that init needs. x86-64 and i386, no libc. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef __UINT64_TYPE__ u64;

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))
#define NULL ((void *)0)

/* A system call returns its result or -errno. */
#ifdef __x86_64__
static inline long call6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#else
static inline long call6(long number, long a, long b, long c, long d, long e, long f)
{
	const long arguments[] = {a, b, f}, *from = arguments;
	long result;
	__asm__ volatile("push %%ebx\n\tpush %%ebp\n\t"
			 "mov (%[from]), %%ebx\n\tmov 8(%[from]), %%ebp\n\tmov 4(%[from]), %%ecx\n\t"
			 "int $0x80\n\t"
			 "pop %%ebp\n\tpop %%ebx"
			 : "=a"(result), [from] "+c"(from)
			 : "0"(number), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return result;
}
#endif
#define call5(n, a, b, c, d, e) call6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define call4(n, a, b, c, d) call5(n, a, b, c, d, 0)
#define call3(n, a, b, c) call4(n, a, b, c, 0)
#define call2(n, a, b) call3(n, a, b, 0)
#define call1(n, a) call2(n, a, 0)
#define call0(n) call1(n, 0)

#ifdef __x86_64__
enum { /* arch/x86/entry/syscalls/syscall_64.tbl */
	SYS_READ = 0, SYS_WRITE = 1, SYS_OPEN = 2, SYS_CLOSE = 3, SYS_STAT = 4, SYS_LSTAT = 6, SYS_POLL = 7,
	SYS_MMAP = 9, SYS_MUNMAP = 11, SYS_IOCTL = 16, SYS_ACCESS = 21, SYS_NANOSLEEP = 35, SYS_GETPID = 39,
	SYS_SOCKET = 41, SYS_FORK = 57, SYS_EXECVE = 59, SYS_EXIT = 60, SYS_WAIT4 = 61, SYS_KILL = 62,
	SYS_CHDIR = 80, SYS_MKDIR = 83, SYS_SYMLINK = 88, SYS_READLINK = 89, SYS_CHMOD = 90, SYS_FCHOWN = 93,
	SYS_CHOWN = 92, SYS_UMASK = 95, SYS_SETUID = 105, SYS_SETGID = 106, SYS_SETSID = 112, SYS_SETGROUPS = 116,
	SYS_RT_SIGPROCMASK = 14, SYS_CHROOT = 161, SYS_SYNC = 162, SYS_MOUNT = 165, SYS_REBOOT = 169,
	SYS_SETHOSTNAME = 170, SYS_GETDENTS64 = 217, SYS_CLOCK_SETTIME = 227, SYS_CLOCK_GETTIME = 228, SYS_SIGNALFD4 = 289, SYS_DUP3 = 292,
	SYS_PIPE2 = 293, SYS_PRLIMIT64 = 302, SYS_FINIT_MODULE = 313, SYS_FCHDIR = 81, SYS_PREAD64 = 17, SYS_FCNTL = 72,
};
#else
enum { /* arch/x86/entry/syscalls/syscall_32.tbl: with 64-bit sizes and times, and 32-bit ids, where there are several */
	SYS_READ = 3, SYS_WRITE = 4, SYS_OPEN = 5, SYS_CLOSE = 6, SYS_STAT = 195, SYS_LSTAT = 196, SYS_POLL = 168,
	SYS_MMAP = 192, SYS_MUNMAP = 91, SYS_IOCTL = 54, SYS_ACCESS = 33, SYS_NANOSLEEP = 162, SYS_GETPID = 20,
	SYS_SOCKET = 359, SYS_FORK = 2, SYS_EXECVE = 11, SYS_EXIT = 1, SYS_WAIT4 = 114, SYS_KILL = 37,
	SYS_CHDIR = 12, SYS_MKDIR = 39, SYS_SYMLINK = 83, SYS_READLINK = 85, SYS_CHMOD = 15, SYS_FCHOWN = 207,
	SYS_CHOWN = 212, SYS_UMASK = 60, SYS_SETUID = 213, SYS_SETGID = 214, SYS_SETSID = 66, SYS_SETGROUPS = 206,
	SYS_RT_SIGPROCMASK = 175, SYS_CHROOT = 61, SYS_SYNC = 36, SYS_MOUNT = 21, SYS_REBOOT = 88,
	SYS_SETHOSTNAME = 74, SYS_GETDENTS64 = 220, SYS_CLOCK_SETTIME = 404, SYS_CLOCK_GETTIME = 403, SYS_SIGNALFD4 = 327, SYS_DUP3 = 330,
	SYS_PIPE2 = 331, SYS_PRLIMIT64 = 340, SYS_FINIT_MODULE = 350, SYS_FCHDIR = 133, SYS_PREAD64 = 180,
	SYS_FCNTL = 55,
};
#endif

enum {
	EPERM = 1, ENOENT = 2, EINTR = 4, EIO = 5, ENOEXEC = 8, EAGAIN = 11, EACCES = 13, EEXIST = 17, ENOTDIR = 20,
	ELOOP = 40, EPIPE = 32,
};

enum {
	O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0100, O_NOCTTY = 0400, O_NONBLOCK = 04000,
	O_DIRECTORY = 0200000, O_NOFOLLOW = 0400000, O_CLOEXEC = 02000000,
};

enum { S_IFMT = 0170000, S_IFDIR = 0040000, S_IFREG = 0100000, S_IFLNK = 0120000 };

#ifdef __x86_64__
struct status { /* struct stat */
	u64 device, inode, links;
	u32 mode, uid, gid, padding;
	u64 special, size, block_size, blocks;
	u64 times[6];
	u64 unused[3];
};
#else
struct status { /* struct stat64 */
	u64 device;
	u32 padding, short_inode, mode, links, uid, gid;
	u64 special;
	u32 more_padding;
	u64 size;
	u32 block_size;
	u64 blocks;
	u32 times[6];
	u64 inode;
};
#endif

struct poll_entry { /* struct pollfd */
	int descriptor;
	short wanted, got;
};
enum { POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16 };

void *memcpy(void *to, const void *from, __SIZE_TYPE__ count);
void *memset(void *to, int value, __SIZE_TYPE__ count);
void *memmove(void *to, const void *from, __SIZE_TYPE__ count);
u64 text_length(const char *text);
int text_equal(const char *a, const char *b);
int text_has(const char *text, char wanted);

/* Text put together in a fixed buffer; what does not fit is cut off. Always ends with NUL. */
struct text {
	u64 length;
	char bytes[4352];
};
void text_clear(struct text *text);
void text_add(struct text *text, const char *more);
void text_add_number(struct text *text, u64 number);
const char *text_join(struct text *text, const char *a, const char *b, const char *c);

/* One line on the console, for those who watch the boot. */
void say(const char *a, const char *b, const char *c);

/* Zeroed pages; there is always memory enough for init. */
void *pages(u64 bytes);
/* Writes all of it to a blocking descriptor; gives up on errors. */
void write_all(int descriptor, const void *bytes, u64 count);
/* Reads exactly so much from a blocking descriptor; 0, or -1 at its end. */
int read_all(int descriptor, void *bytes, u64 count);
void sleep_milliseconds(u64 count);
/* Since the guest was started. */
u64 monotonic_milliseconds(void);
void make_directory(const char *path, u32 mode);
/* With all that lead to it. */
void make_directories(char *path, u32 mode);

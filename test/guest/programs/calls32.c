/* What only 32-bit programs ask of a kernel: calls whose numbers, structs or arguments differ from amd64's, some of which C
 * libraries have not used for decades. Run under strace in the guest after calls.c, by the same test. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static void onSignal(int number) { (void)number; }

/* The way back from a handler where there is no vDSO to have one. */
void goBack(void);
__asm__("goBack: popl %eax; movl $119, %eax; int $0x80");
enum { SA_RESTORER = 0x4000000 };

static void wideFiles(void) {
  int fd = open("/tmp/trapline-wide", O_RDWR | O_CREAT | O_TRUNC | O_LARGEFILE, 0600);
  char text[64];
  pwrite64(fd, "beyond", 6, 0x123456789LL);
  pread64(fd, text, 6, 0x123456789LL);
  lseek64(fd, -3, SEEK_END);
  syscall(SYS_lseek, fd, 5, SEEK_SET);
  ftruncate64(fd, 0x200000000LL);
  truncate64("/tmp/trapline-wide", 100);
  posix_fadvise64(fd, 0x100000000LL, 0x200000000LL, POSIX_FADV_DONTNEED);
  readahead(fd, 0x100000000LL, 4096);
  fallocate64(fd, FALLOC_FL_KEEP_SIZE, 4096, 0x100000LL);
  sync_file_range(fd, 0x100000000LL, 4096, SYNC_FILE_RANGE_WRITE);
  struct iovec parts[] = {{text, 3}, {text + 3, 5}};
  preadv64(fd, parts, 2, 0x100000001LL);
  pwritev64(fd, parts, 2, 7);
  struct flock64 lock = {.l_type = F_WRLCK, .l_start = 0x180000000LL, .l_len = 2};
  fcntl64(fd, F_SETLK64, &lock);
  fcntl64(fd, F_GETLK64, &lock);
  struct flock narrow = {.l_type = F_RDLCK, .l_start = 1, .l_len = 2};
  syscall(SYS_fcntl, fd, F_SETLK, &narrow);
  struct statfs64 volume;
  statfs64("/tmp", &volume);
  struct statfs old;
  syscall(SYS_statfs, "/tmp", &old);
  char status[128];
  syscall(SYS_stat64, "/etc/passwd", status);
  syscall(SYS_lstat64, "/dev/null", status);
  syscall(SYS_fstat64, fd, status);
  syscall(SYS_fstatat64, AT_FDCWD, "/etc", status, 0);
  syscall(SYS_stat, "/dev/null", status);
  syscall(SYS_getdents64, fd, status, sizeof status);
  int folder = open("/etc/apt", O_RDONLY | O_DIRECTORY);
  char entries[256];
  syscall(SYS_getdents, folder, entries, sizeof entries);
  off_t from = 1;
  off64_t wide = 2;
  sendfile(fd, fd, &from, 3);
  sendfile64(fd, fd, &wide, 3);
  syscall(SYS_chown, "/tmp/trapline-wide", 1, -1);
  syscall(SYS_fchown32, fd, -1, 7);
  close(folder);
  close(fd);
  unlink("/tmp/trapline-wide");
}

static void oldCalls(void) {
  /* mmap and select of 1992 take one pointer to their arguments. */
  uint32_t map[] = {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0};
  char *page = (char *)syscall(SYS_mmap, map);
  munmap(page, 4096);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(0, &set);
  struct timeval now = {0, 0};
  uint32_t wait[] = {1, 0, (uint32_t)&set, 0, (uint32_t)&now};
  syscall(SYS_select, wait);
  syscall(SYS_waitpid, -1, 0, 1);
  syscall(SYS_getuid);
  syscall(SYS_getuid32);
  syscall(SYS_setreuid32, -1, -1);
  uint16_t ids[8];
  syscall(SYS_getgroups, 8, ids);
  syscall(SYS_getresuid, ids, ids + 1, ids + 2);
  struct rlimit limit;
  syscall(SYS_getrlimit, RLIMIT_CORE, &limit);
  prlimit(0, RLIMIT_CORE, NULL, &limit);
  struct rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  struct itimerval timer;
  getitimer(ITIMER_VIRTUAL, &timer);
  uint32_t mask = 1 << (SIGUSR2 - 1);
  syscall(SYS_sigprocmask, SIG_BLOCK, &mask, NULL);
  raise(SIGUSR2);
  syscall(SYS_sigpending, &mask);
  /* A handler without siginfo runs on the old frame and comes back by sigreturn. */
  struct { void *handler; uint32_t mask, flags; void *restorer; } action = {onSignal, 1, SA_RESTORER, goBack};
  syscall(SYS_sigaction, SIGUSR2, &action, NULL);
  mask = 1 << (SIGUSR2 - 1);
  syscall(SYS_sigprocmask, SIG_UNBLOCK, &mask, NULL);
  alarm(0);
}

static void times64(void) {
  struct { int64_t seconds, nanoseconds; } wide;
  syscall(SYS_clock_getres_time64, CLOCK_MONOTONIC, &wide);
  wide.seconds = 0;
  wide.nanoseconds = 1000;
  syscall(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, 0, &wide, &wide);
  struct timespec narrow = {0, 1000};
  syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &narrow, &narrow);
  uint32_t word = 5;
  syscall(SYS_futex_time64, &word, FUTEX_WAIT, 4, &wide, NULL, 0);
  syscall(SYS_futex, &word, FUTEX_WAIT, 5, &narrow, NULL, 0);
  syscall(SYS_ppoll_time64, NULL, 0, &wide, NULL, 0);
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_NONE, .sigev_value.sival_int = 3};
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  timer_delete(timer);
}

static void ipcs(void) {
  int memory = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  void *at = shmat(memory, NULL, SHM_RDONLY);
  shmdt(at);
  shmctl(memory, IPC_RMID, NULL);
  int semaphores = semget(IPC_PRIVATE, 2, 0600);
  struct sembuf operations[] = {{0, 1, 0}, {1, 2, IPC_NOWAIT}};
  semop(semaphores, operations, 2);
}

int main(void) {
  wideFiles();
  oldCalls();
  times64();
  ipcs();
  return 6;
}

/* Calls of which strace -v tells more, and those that set up what later ones happen in: filters, mounts, handlers of faults,
 * rings, powers of keys. An oracle of test/guest/strace.test.ts, for 64-bit and 32-bit programs. */
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include "oracle.h"

static char room[8192];

static void filters(void) {
  struct sock_filter code[] = {{0x28, 0, 0, 12}, {0x15, 0, 3, 0x800}, {0x30, 0, 0, 23}, {0x15, 0, 1, 17}, {6, 0, 0, 0xffff}, {6, 0, 0, 0}, {0x87, 0, 0, 0}, {7, 0, 0, 0}, {0x16, 0, 0, 0}, {0xb1, 0, 0, 14}, {4, 0, 0, 5}, {0x8c, 0, 0, 1}, {5, 0, 0, 2}, {2, 0, 0, 1}, {0x60, 0, 0, 1}};
  struct sock_fprog program = {6, code};
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
  program.len = 15;
  setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
  program.len = 0;
  setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  struct sock_filter rules[] = {{0x20, 0, 0, 0}, {0x15, 0, 1, 39}, {6, 0, 0, SECCOMP_RET_ERRNO | 42}, {6, 0, 0, SECCOMP_RET_ALLOW}};
  program = (struct sock_fprog){4, rules};
  S(seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &program);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
  program.filter = BAD;
  S(seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
  S(seccomp, SECCOMP_SET_MODE_FILTER, 0, BAD);
}
static void mounts(void) {
  unshare(CLONE_NEWNS);
  int made = S(fsopen, "tmpfs", FSOPEN_CLOEXEC);
  S(fsconfig, made, FSCONFIG_SET_STRING, "size", "2m", 0);
  S(fsconfig, made, FSCONFIG_SET_FLAG, "ro", 0, 0);
  S(fsconfig, made, FSCONFIG_SET_BINARY, "bin", "\1\2\3", 3);
  S(fsconfig, made, FSCONFIG_SET_PATH, "p", "/tmp", AT_FDCWD);
  S(fsconfig, made, FSCONFIG_SET_FD, "fd", 0, made);
  S(fsconfig, made, FSCONFIG_CMD_CREATE, 0, 0, 0);
  int there = S(fsmount, made, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOATIME);
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_STRICTATIME, .attr_clr = MOUNT_ATTR__ATIME, .propagation = 1 << 19};
  S(mount_setattr, there, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes);
  S(mount_setattr, AT_FDCWD, "/tmp", 0, BAD, 32);
  S(mount, "a", "/nope", "b", 0xc0ed0001, 0);
  int kind = open("/proc/self/ns/uts", O_RDONLY);
  if (sizeof(long) == 8) ioctl(kind, 0xb703);
  S(statx, AT_FDCWD, "/etc/hostname", 0, 0xfff, room);
  S(statx, AT_FDCWD, "/dev/null", AT_SYMLINK_NOFOLLOW, 0x17ff, room);
}
static void faults(void) {
  int faults = S(userfaultfd, O_CLOEXEC | O_NONBLOCK | 1);
  struct uffdio_api api = {UFFD_API, 0};
  ioctl(faults, UFFDIO_API, &api);
  uintptr_t at = (uintptr_t)mmap(0, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct uffdio_register range = {{at, 16384}, UFFDIO_REGISTER_MODE_MISSING};
  ioctl(faults, UFFDIO_REGISTER, &range);
  struct uffdio_copy copy = {at, ((uintptr_t)room + 4095) & ~4095ul, 4096, 0};
  ioctl(faults, UFFDIO_COPY, &copy);
  struct uffdio_zeropage zero = {{at + 4096, 4096}, UFFDIO_ZEROPAGE_MODE_DONTWAKE};
  ioctl(faults, UFFDIO_ZEROPAGE, &zero);
  ioctl(faults, UFFDIO_WAKE, &range.range);
  ioctl(faults, UFFDIO_UNREGISTER, &range.range);
}
static void others(void) {
  char params[120] = {0};
  int ring = S(io_uring_setup, 4, params);
  S(io_uring_register, ring, 0, &(struct iovec){room, 4096}, 1);
  S(io_uring_register, ring, 2, (int[]){0, 1, -1}, 3);
  S(io_uring_register, ring, 4, &(int){eventfd(0, 0)}, 1);
  S(io_uring_register, ring, 77, room, 10);
  S(keyctl, 31, room, 8);
  int s[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
  S(sendmmsg, s[0], BAD, 2, 0);
  S(openat2, AT_FDCWD, "a", room, 3);
  ioctl(ring, 0xc0045877, 0);
  unsigned word = 1, other = 1;
  S(futex, &word, 5, 1, (void *)1, &other, 2 << 28 | 3 << 12 | 4 << 24 | 5);
  uint64_t arguments[11] = {0x20000000 | 0x200000000, 0, 0, 0, SIGCHLD, 0, 0, 0, (uintptr_t)(int[]){5}, 1, 99};
  S(clone3, arguments, 88);
  prctl(PR_SET_SECUREBITS, 3);
  prctl(PR_GET_SECUREBITS);
  prctl(52, 0, 0, 0, 0);
  prctl(53, 1, 2, 0, 0);
  prctl(34, 0, 0, 0, 0);
}

int main(void) {
  filters();
  mounts();
  faults();
  others();
  return 0;
}

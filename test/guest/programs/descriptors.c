// What a process knows of its own descriptors: after each step it prints those that the kernel shows in /proc/self/fd.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void report(const char *step) {
  DIR *folder = opendir("/proc/self/fd");
  struct dirent *entry;
  char line[4096] = "", path[300], target[1000];
  while ((entry = readdir(folder)) != NULL) {
    int fd = atoi(entry->d_name);
    if (entry->d_name[0] == '.' || fd < 3 || fd == dirfd(folder)) continue;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0) continue;
    target[length] = 0;
    snprintf(line + strlen(line), sizeof line - strlen(line), " %d=%s", fd, target);
  }
  closedir(folder);
  printf("%s %d%s\n", step, getpid(), line);
  fflush(stdout);
}

static void pass(int socket, int fd) {
  char byte = 'x', room[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  struct cmsghdr *control = CMSG_FIRSTHDR(&message);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(control), &fd, sizeof fd);
  sendmsg(socket, &message, 0);
}

static void take(int socket) {
  char byte, room[CMSG_SPACE(sizeof(int))];
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  recvmsg(socket, &message, 0);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    report("executed");
    return 7;
  }
  mkdir("/tmp/d", 0755);
  chdir("/tmp/d");
  int a = open("a", O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  int b = open("../d/./b", O_CREAT | O_WRONLY, 0644);
  report("opened");
  dup2(a, 20);
  fcntl(b, F_DUPFD_CLOEXEC, 30);
  close(b);
  report("duplicated");
  int folder = open("/tmp", O_RDONLY | O_DIRECTORY);
  fchdir(folder);
  int c = openat(AT_FDCWD, "d/c", O_CREAT | O_RDWR, 0600);
  openat(folder, "d/e", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  rename("d/a", "d/moved");
  link("d/b", "d/linked");
  symlink("nowhere", "d/symbolic");
  unlink("d/b");
  report("moved");
  close_range(20, 29, 0);
  fcntl(c, F_SETFD, FD_CLOEXEC);
  int ends[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  if (fork() == 0) {
    close(ends[0]);
    for (int fd = 3; fd < 64; fd++) if (fd != ends[1]) close(fd);
    take(ends[1]);
    report("received");
    _exit(5);
  }
  pass(ends[0], folder);
  wait(NULL);
  fcntl(c, F_SETFD, 0);
  report("sent");
  if (fork() == 0) execl(argv[0], argv[0], "again", NULL);
  wait(NULL);
  raise(SIGTERM);
}

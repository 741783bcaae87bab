// A process, files, sockets and mappings with names that a terminal would act upon, and names beyond ASCII; ends with them open.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static const char *names[] = {"\033]0;owned\007\033[31m", "\342\200\256rtl\342\201\246", "\377\376", "\302\233" "31m", "a\nb\tc", "\346\227\245\346\234\254 w\303\266rk", "\342\200\213", "\177"};

int main(int argc, char **argv) {
  if (argc == 1) execl("/proc/self/exe", names[0], names[1], names[2], names[3], names[4], names[5], "", NULL);
  mkdir("/tmp/h", 0755);
  chdir("/tmp/h");
  for (int i = 0; i < 8; i++) {
    char path[100];
    sprintf(path, "f%s", names[i]);
    int fd = open(path, O_CREAT | O_RDWR, 0600);
    write(fd, names[i], strlen(names[i]));
    mmap(0, 4096, PROT_READ, MAP_SHARED, fd, 0);
    if (i % 2) unlink(path);
    syscall(SYS_memfd_create, names[i], 0);
    struct sockaddr_un name = {AF_UNIX};
    sprintf(name.sun_path, "s%s", names[i]);
    bind(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *)&name, sizeof name);
    prctl(PR_SET_NAME, names[i]);
    mkdir(names[i], 0700);
    getpriority(0, i);
  }
  prctl(PR_SET_NAME, names[5]);
  getpriority(0, 99);
  return 0;
}

// Names that are not what they look like: another root, links to descriptors, files without a name, files of sockets. Each
// line that it prints: the step, a process, its descriptor, and what the kernel says that it is, from outside.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/** A step, from the child to the parent, and back when it has been looked at. */
struct step {
  char name[16];
  int fd;
};
static int request[2], done[2];

static void look(const char *step, int pid, int fd) {
  char link[64], name[4096], line[4300];
  snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, fd);
  ssize_t length = readlink(link, name, sizeof name - 1);
  if (length < 0) exit(1);
  name[length] = 0;
  int size = snprintf(line, sizeof line, "%s %d %d %s\n", step, pid, fd, name);
  if (write(1, line, size) != size) exit(1);
}

/** In the other root /proc is not to be seen, and paths would begin there. */
static void ask(const char *name, int fd) {
  struct step step = {.fd = fd};
  strcpy(step.name, name);
  if (write(request[1], &step, sizeof step) != sizeof step || read(done[0], &step, 1) != 1) _exit(1);
}

static void child(void) {
  if (chroot("jail") != 0) _exit(3);
  ask("above", open("kept", O_CREAT | O_RDWR, 0600));
  if (chdir("/in") != 0) _exit(3);
  ask("absolute", open("/absolute", O_CREAT | O_RDWR, 0600));
  ask("relative", open("relative", O_CREAT | O_RDWR, 0600));
  ask("clamped", open("../../../clamped", O_CREAT | O_RDWR, 0600));
  char folder[256];
  if (getcwd(folder, sizeof folder) == NULL) _exit(3);
  ask("told", open("told", O_CREAT | O_RDWR, 0600));
  _exit(0);
}

int main(void) {
  mkdir("/tmp/r", 0755);
  if (chdir("/tmp/r") != 0 || pipe(request) != 0 || pipe(done) != 0) return 2;
  int plain = open("plain", O_CREAT | O_RDWR, 0600);
  char self[32];
  snprintf(self, sizeof self, "/proc/self/fd/%d", plain);
  look("again", getpid(), open(self, O_RDONLY));
  look("unnamed", getpid(), open("/dev/shm", O_TMPFILE | O_RDWR, 0600));
  mkdir("jail", 0755);
  mkdir("jail/in", 0755);
  int pid = fork();
  if (pid == 0) child();
  close(request[1]);
  for (struct step step; read(request[0], &step, sizeof step) == sizeof step;) {
    look(step.name, pid, step.fd);
    if (write(done[1], "", 1) != 1) return 6;
  }
  int status;
  wait(&status);
  look("parent", getpid(), open("/tmp/r/parent", O_CREAT | O_RDWR, 0600));
  close(open("other", O_CREAT | O_RDWR, 0600));
  if (renameat2(AT_FDCWD, "plain", AT_FDCWD, "other", RENAME_EXCHANGE) != 0) return 4;
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "door"};
  int door = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(door, (void *)&address, sizeof address) != 0 || listen(door, 1) != 0) return 5;
  futimens(plain, NULL);
  return WEXITSTATUS(status);
}

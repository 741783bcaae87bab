/* Programs executed by descriptors, in folders of descriptors, and as scripts; attributes of links. */
#include "oracle.h"
#include <sys/xattr.h>

static void run(int way, const char *program) {
  int folder = open("/tmp", O_RDONLY | O_DIRECTORY), file = open(program, O_RDONLY | O_CLOEXEC);
  char *argv[] = {"again", "x", NULL}, *environment[] = {"A=b", NULL};
  switch (way) {
    case 0: S(execveat, file, "", argv, environment, 0x1000); break;
    case 1: S(execveat, folder, "again", argv, environment, 0); break;
    case 2: S(execveat, folder, "./again", argv, environment, 0x100); break;
    case 3: S(execveat, folder, "/tmp/again", argv, environment, 0); break;
    case 4: S(execveat, AT_FDCWD, "again", argv, environment, 0); break;
    case 5: S(execve, "/tmp/script", argv, environment); break;
    case 6: S(execveat, folder, "script", argv, environment, 0); break;
    case 7: S(execveat, folder, "nothing", argv, environment, 0); break;
    case 8: S(execveat, file, "", argv, environment, 0); break;
  }
  _exit(way);
}

int main(int argc, char **argv) {
  if (argc > 1) return 7;
  chdir("/tmp");
  symlink(argv[0], "again");
  int script = open("script", O_CREAT | O_WRONLY | O_TRUNC, 0755);
  dprintf(script, "#!%s option\n", argv[0]);
  close(script);
  for (int way = 0; way < 9; way++) {
    if (fork() == 0) run(way, argv[0]);
    wait(NULL);
  }
  S(lsetxattr, "again", "trusted.a", "value", 5, 0);
  S(lgetxattr, "again", "trusted.a", BAD, 0);
  S(lremovexattr, "again", "trusted.a");
  S(lremovexattr, "again", "trusted.a");
  S(lremovexattr, BAD, "user.a");
  script = open("script", O_RDONLY);
  S(fsetxattr, script, "trusted.b", "x\1", 2, 1);
  S(fremovexattr, script, "trusted.b");
  S(fremovexattr, script, "trusted.b");
  S(fremovexattr, -1, BAD);
  S(removexattr, "script", "user.nothing");
  return 0;
}

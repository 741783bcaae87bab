// Files made and moved in every way that hides their path. Each line that it says is an event that an observer is to tell.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MADE O_CREAT | O_EXCL | O_WRONLY, 0600

static void did(const char *action, const char *path, const char *to, long result) {
  if (result >= 0) printf("%s %s %s\n", action, path, to);
  else perror(path);
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 4096);
  did("created", "/tmp/a", "", mkdir("/tmp/a", 0755));
  chdir("/tmp/a");
  did("created", "/tmp/a/b", "", mkdir("b", 0755));
  int b = open("b", O_RDONLY | O_DIRECTORY);
  did("created", "/tmp/a/b/f", "", openat(b, "f", MADE));
  did("created", "/tmp/a/g", "", open("./../a/g", MADE));
  did("renamed", "/tmp/a/b/f", "/tmp/a/h", renameat(b, "f", AT_FDCWD, "h"));
  did("linked", "/tmp/a/h", "/tmp/a/b/hard", linkat(AT_FDCWD, "h", b, "hard", 0));
  did("created", "/tmp/a/b/soft", "../h", symlinkat("../h", b, "soft"));
  int named = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un name = {AF_UNIX, "socket"}, hidden = {AF_UNIX, "\0hidden"};
  did("created", "/tmp/a/socket", "", bind(named, (void *)&name, sizeof name));
  bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&hidden, sizeof hidden);
  did("created", "/tmp/a/m", "", mkdir("m", 0755));
  mount("t", "m", "tmpfs", 0, 0);
  char self[64];
  sprintf(self, "/proc/self/fd/%d", open("m", O_TMPFILE | O_RDWR, 0600));
  did("created", "/tmp/a/m/named", "", linkat(AT_FDCWD, self, AT_FDCWD, "m/named", AT_SYMLINK_FOLLOW));
  did("renamed", "/tmp/a/b", "/tmp/a/B", rename("b", "B"));
  did("created", "/tmp/a/B/late", "", openat(b, "late", MADE));
  fchdir(b);
  did("created", "/tmp/a/B/later", "", open("later", MADE));
  did("created", "/tmp/a/up", "", open("../up", MADE));
  did("created", "/tmp/a/root", "", mkdir("/tmp/a/root", 0755));
  if (fork() == 0) {
    chroot("../root");
    did("created", "/tmp/a/B/outside", "", open("outside", MADE));
    chdir("/");
    did("created", "/tmp/a/root/inside", "", open("/../inside", MADE));
    did("created", "/tmp/a/root/d", "", mkdir("../d", 0700));
    did("created", "/tmp/a/B/escaped", "", openat(b, "escaped", MADE));
    _exit(0);
  }
  wait(0);
  did("created", "/tmp/a/other", "", mkdir("/tmp/a/other", 0755));
  did("exchanged", "/tmp/a/B", "/tmp/a/other", syscall(SYS_renameat2, AT_FDCWD, "/tmp/a/B", AT_FDCWD, "/tmp/a/other", 2));
  did("created", "/tmp/a/other/here", "", open("here", MADE));
  did("removed", "/tmp/a/other/here", "", unlink("here"));
  did("removed", "/tmp/a/B", "", rmdir("../B"));
  fchdir(open("/tmp/a", O_RDONLY));
  did("created", "/tmp/a/short", "other/hard", symlink("other/hard", "short"));
  did("created", "/tmp/a/way", "/tmp/a/other", symlink("/tmp/a/other", "way"));
  did("opened-for-writing", "/tmp/a/other/hard", "", open("short", O_WRONLY));
  did("opened-for-writing", "/tmp/a/other/late", "", open("way/late", O_WRONLY));
  did("truncated", "/tmp/a/other/hard", "", truncate("way/../short", 0));
  did("changed", "/tmp/a/other/hard", "", chmod("/tmp/a/short", 0640));
  did("changed", "/tmp/a/short", "", lchown("short", 0, 0));
  did("changed", "/tmp/a/other/hard", "", fchownat(AT_FDCWD, "short", 0, 0, 0));
  did("changed", "/tmp/a/short", "", utimensat(AT_FDCWD, "short", NULL, AT_SYMLINK_NOFOLLOW));
  did("linked", "/tmp/a/short", "/tmp/a/short2", linkat(AT_FDCWD, "short", AT_FDCWD, "short2", 0));
  did("linked", "/tmp/a/other/hard", "/tmp/a/hard2", linkat(AT_FDCWD, "short", AT_FDCWD, "hard2", AT_SYMLINK_FOLLOW));
  did("renamed", "/tmp/a/short", "/tmp/a/other/moved", rename("short", "way/moved"));
  did("removed", "/tmp/a/other/moved", "", unlink("way/moved"));
  did("created", "/tmp/a/short", "", open("short", MADE));
  did("created", "/tmp/a/new", "fresh", symlink("fresh", "new"));
  did("created", "/tmp/a/fresh", "", open("new", O_CREAT | O_WRONLY, 0600));
  return 0;
}

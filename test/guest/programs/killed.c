/* Processes and threads that are killed in calls that wait, from which nothing comes back; and a writer without a reader. An
 * oracle of test/guest/strace.test.ts. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int ends[2], listener, poller;
static char text[64];

static void waitIn(int kind) {
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  struct pollfd wanted = {ends[0], POLLIN};
  struct epoll_event event;
  struct flock lock = {F_WRLCK};
  struct iovec part = {text, 5};
  fd_set reading;
  FD_ZERO(&reading);
  FD_SET(ends[0], &reading);
  int file = open("/tmp/killed-file", O_RDWR);
  switch (kind) {
    case 0: pause(); break;
    case 1: read(ends[0], text, 10); break;
    case 2: poll(&wanted, 1, -1); break;
    case 3: select(ends[0] + 1, &reading, NULL, NULL, NULL); break;
    case 4: epoll_wait(poller, &event, 1, -1); break;
    case 5: wait(NULL); break;
    case 6: accept(listener, NULL, NULL); break;
    case 7: recv(listener, text, 1, 0); break;
    case 8: sigsuspend(&mask); break;
    case 9: sigtimedwait(&mask, NULL, NULL); break;
    case 10: flock(file, LOCK_EX); break;
    case 11: ppoll(&wanted, 1, NULL, &mask); break;
    case 12: pselect(ends[0] + 1, &reading, NULL, NULL, NULL, &mask); break;
    case 13: epoll_pwait(poller, &event, 1, -1, &mask); break;
    case 14: sleep(100); break;
    case 15: open("/tmp/killed-pipe", O_RDONLY); break;
    case 16: readv(ends[0], &part, 1); break;
    case 17: fcntl(file, F_SETLKW, &lock); break;
    default: waitid(P_ALL, 0, NULL, WEXITED); break;
  }
}

static void *waitingThread(void *kind) {
  waitIn((long)kind);
  return NULL;
}

int main(void) {
  pipe(ends);
  poller = epoll_create1(0);
  listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {AF_INET};
  bind(listener, (struct sockaddr *)&address, sizeof address);
  listen(listener, 1);
  mkfifo("/tmp/killed-pipe", 0600);
  int file = open("/tmp/killed-file", O_CREAT | O_RDWR, 0600);
  flock(file, LOCK_EX);
  fcntl(file, F_SETLK, &(struct flock){F_WRLCK});

  for (int kind = 0; kind < 18; kind++) {
    int child = fork();
    if (child == 0) {
      if (kind == 5 && fork() == 0) {
        sleep(1);
        _exit(0);
      }
      waitIn(kind);
      _exit(9);
    }
    usleep(20000);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
  }

  int child = fork();
  if (child == 0) {
    pthread_t thread;
    static const long kinds[] = {0, 1, 2, 3, 4, 9, 14};
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
      pthread_create(&thread, NULL, waitingThread, (void *)kinds[i]);
    }
    usleep(20000);
    _exit(3);
  }
  waitpid(child, NULL, 0);

  child = fork();
  if (child == 0) {
    pipe(ends);
    close(ends[0]);
    memcpy(text, "nobody reads", 12);
    write(ends[1], text, 12);
  }
  waitpid(child, NULL, 0);
  return 0;
}

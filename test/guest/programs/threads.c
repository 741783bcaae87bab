// Starts threads with names, of which one is still there at the end, and prints what /proc says of them.
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS = 3 };
static pthread_barrier_t named, listed;

static void *run(void *argument) {
  char name[16];
  snprintf(name, sizeof name, "thread-%ld", (long)argument);
  prctl(PR_SET_NAME, name);
  pthread_barrier_wait(&named);
  pthread_barrier_wait(&listed);
  if ((long)argument == THREADS - 1) pause();
  return NULL;
}

int main(void) {
  pthread_t threads[THREADS];
  pthread_barrier_init(&named, NULL, THREADS + 1);
  pthread_barrier_init(&listed, NULL, THREADS + 1);
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, run, (void *)i);
  pthread_barrier_wait(&named);
  DIR *tasks = opendir("/proc/self/task");
  for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
    char path[300], name[32] = "";
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
    FILE *file = fopen(path, "r");
    fgets(name, sizeof name, file);
    fclose(file);
    printf("%d %s %s", getpid(), entry->d_name, name);
  }
  fflush(stdout);
  pthread_barrier_wait(&listed);
  for (int i = 0; i < THREADS - 1; i++) pthread_join(threads[i], NULL);
  return 3;
}

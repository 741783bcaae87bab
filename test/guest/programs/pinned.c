/* A thread on each processor, pinned to it, that asks for its number again and again. Prints how many there are. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST 8
#define TIMES 20

static void *ask(void *number)
{
	const unsigned pinned = (unsigned)(long)number;
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(pinned, &set);
	if (sched_setaffinity(0, sizeof set, &set) != 0)
		exit(2);
	for (int i = 0; i < TIMES; i++) {
		unsigned now = MOST;
		if (syscall(SYS_getcpu, &now, NULL, NULL) != 0 || now != pinned)
			exit(3);
		/* Long enough for others to get their turns in between. */
		for (volatile int k = 0; k < 20000; k++)
			;
	}
	return NULL;
}

int main(void)
{
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[MOST];
	for (long i = 0; i < processors; i++)
		if (pthread_create(&threads[i], NULL, ask, (void *)i) != 0)
			return 4;
	for (long i = 0; i < processors; i++)
		pthread_join(threads[i], NULL);
	printf("%ld\n", processors);
	return 0;
}

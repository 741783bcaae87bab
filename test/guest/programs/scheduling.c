/* Scheduling: policies, attributes of every size, CPUs, priorities, limits and what was used. An oracle of
 * test/guest/strace.test.ts. */
#include "oracle.h"
struct sa { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t prio; uint64_t runtime, deadline, period; uint32_t umin, umax; uint64_t more[4]; };
int main(void) {
  struct sa a = {0};
  S(sched_getattr, 0, &a, sizeof a, 0); S(sched_getattr, 0, &a, 48, 0); S(sched_getattr, 0, &a, 56, 0); S(sched_getattr, 0, &a, 32, 0);
  S(sched_getattr, -1, &a, 48, 0); S(sched_getattr, 0, NULL, 48, 0); S(sched_getattr, 0, BAD, 48, 0); S(sched_getattr, 0, &a, 48, 7); S(sched_getattr, getpid(), &a, 4096, 0); S(sched_getattr, 0, &a, 5000, 0);
  a = (struct sa){.size = 48, .policy = 0, .nice = 5};
  S(sched_setattr, 0, &a, 0);
  a = (struct sa){.size = 48, .policy = 3, .nice = 6, .flags = 1};
  S(sched_setattr, 0, &a, 0);
  a = (struct sa){.size = 56, .policy = 1, .prio = 10, .flags = 1 | 0x60, .umin = 10, .umax = 500};
  S(sched_setattr, 0, &a, 0);
  a = (struct sa){.size = 48, .policy = 6, .flags = 7, .runtime = 10000000, .deadline = 30000000, .period = 30000000};
  S(sched_setattr, 0, &a, 0);
  S(sched_getattr, 0, &a, 48, 0);
  a.policy = 99; S(sched_setattr, 0, &a, 0); a.policy = 0x80000001; S(sched_setattr, 0, &a, 1); a.flags = ~0ULL; S(sched_setattr, 0, &a, 0);
  a.size = 3; S(sched_setattr, 0, &a, 0); a.size = 0; a.policy = 0; a.flags = 0; S(sched_setattr, 0, &a, 0); a.size = 1000; S(sched_setattr, 0, &a, 0); a.size = 52; S(sched_setattr, 0, &a, 0);
  a.size = 47; S(sched_setattr, 0, &a, 0); a.size = 72; S(sched_setattr, 0, &a, 0);
  S(sched_setattr, 0, NULL, 0); S(sched_setattr, -5, BAD, 0); S(sched_setattr, 0, edge() - 2, 0); char *e = edge(); *(int *)(e - 16) = 48; S(sched_setattr, 0, e - 16, 0);
  struct sched_param p = {.sched_priority = 4};
  sched_setscheduler(0, SCHED_RR, &p); sched_getscheduler(0); sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &p); sched_getscheduler(0); sched_getscheduler(-1);
  sched_getparam(0, &p); sched_setparam(0, &p); sched_setscheduler(0, 77, &p); sched_setscheduler(0, SCHED_RR, NULL); sched_setparam(0, NULL); sched_getparam(0, BAD);
  struct timespec t; sched_rr_get_interval(0, &t); sched_rr_get_interval(-1, &t); S(sched_rr_get_interval, 0, NULL);
  sched_get_priority_max(SCHED_IDLE); sched_get_priority_min(6); sched_get_priority_min(8);
  cpu_set_t s; CPU_ZERO(&s); sched_setaffinity(0, sizeof s, &s); CPU_SET(0, &s); CPU_SET(3, &s); sched_setaffinity(0, sizeof s, &s); sched_getaffinity(0, sizeof s, &s); S(sched_getaffinity, 0, 3, &s); S(sched_getaffinity, 0, 8, NULL); S(sched_setaffinity, 0, 0, &s); S(sched_setaffinity, 0, 8, BAD); S(sched_getaffinity, 9999, 8, &s); S(sched_setaffinity,0,1,&s);
  unsigned c, n; S(getcpu, &c, &n, NULL); S(getcpu, NULL, NULL, BAD); S(getcpu, BAD, &n, NULL);
  S(getpriority, PRIO_PROCESS, 0); S(setpriority, PRIO_PGRP, 0, 3); S(getpriority, PRIO_USER, 0); S(getpriority, 9, 0); S(setpriority, PRIO_PROCESS, 0, -30); 
  S(ioprio_set, 1, 0, (2 << 13) | 4); S(ioprio_get, 1, 0); S(ioprio_set, 1, 0, (3 << 13)); S(ioprio_set, 9, 0, (7 << 13) | 1); S(ioprio_get, 2, 0); S(ioprio_get, 3, 0); S(ioprio_set, 1, 0, -1);
  sched_yield();
  struct rlimit l; for (int i = 0; i < 18; i++) getrlimit(i, &l);
  struct rlimit64 r; for (int i = 0; i < 3; i++) S(getrlimit, i, &r);
  l.rlim_cur = 4096; l.rlim_max = RLIM_INFINITY; setrlimit(RLIMIT_CORE, &l); setrlimit(RLIMIT_FSIZE, &l); l.rlim_cur = 12345; setrlimit(RLIMIT_MEMLOCK, &l); l.rlim_max = 5; setrlimit(RLIMIT_CPU, &l); S(setrlimit, 3, NULL); S(getrlimit, 4, BAD); S(prlimit64, 0, 40, &l, &l); S(prlimit64, 0, 7, BAD, NULL); S(prlimit64, 0, 7, NULL, BAD); S(prlimit64, -1, 7, NULL, &l);
  struct rusage u; getrusage(RUSAGE_SELF, &u); getrusage(RUSAGE_CHILDREN, &u); getrusage(RUSAGE_THREAD, &u); S(getrusage, 5, &u); S(getrusage, 0, NULL);
  return 0;
}

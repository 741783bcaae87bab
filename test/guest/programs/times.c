/* Times and clocks: files' times of every age, clocks that are not there, timers, what is no time at all. An oracle of
 * test/guest/strace.test.ts. */
#include "oracle.h"
#include <utime.h>
#include <sys/timex.h>
#include <sys/timerfd.h>
int main(void) {
  signal(SIGUSR1, SIG_IGN);
  int f = open("/tmp/t", O_CREAT | O_RDWR, 0600);
  long v[] = {0, 1, -1, 2000000000, 4000000000L, 253402300799, 253402300800, 0x7fffffffffffffff, 1L << 40, 1L << 55, -62167219201, -99999999999};
  for (int i = 0; i < sizeof v / sizeof *v; i++) {
    struct utimbuf u = {v[i], v[i] / 2}; S(utime, "/tmp/t", &u);
    struct timeval tv[2] = {{v[i], 5}, {v[i], 1000000}}; S(utimes, "/tmp/t", tv); S(futimesat, AT_FDCWD, "/tmp/t", tv); tv[0].tv_usec = -1; tv[1].tv_usec = 0; S(utimes, "/tmp/t", tv);
    struct timespec ts[2] = {{v[i], 0}, {v[i], 999999999}}; S(utimensat, AT_FDCWD, "/tmp/t", ts, 0); ts[0].tv_nsec = UTIME_NOW; ts[1].tv_nsec = 1000000000; S(utimensat, f, NULL, ts, 0); ts[0].tv_nsec = UTIME_OMIT; ts[1].tv_nsec = -1; S(utimensat, AT_FDCWD, "/tmp/t", ts, AT_SYMLINK_NOFOLLOW);
    struct timespec t = {v[i], i}; S(clock_settime, 99, &t); struct timeval w = {v[i], -1}; S(settimeofday, &w, NULL);
    struct itimerval it = {{v[i], 1}, {v[i], -5}}; S(setitimer, 0, &it, NULL); struct itimerspec its = {{0, -1}, {v[i], 1L << 33}}; S(timerfd_settime, 9, 1, &its, NULL); t.tv_nsec = -7; S(nanosleep, &t, NULL); S(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
  }
  time_t q; S(time, &q); S(time, NULL); S(time, BAD);
  struct timezone z = {60, 1}; struct timeval t; S(gettimeofday, &t, &z); S(gettimeofday, NULL, &z); S(gettimeofday, BAD, NULL); S(settimeofday, NULL, &z); S(settimeofday, NULL, NULL); S(settimeofday, BAD, BAD);
  struct timex x = {0}; S(adjtimex, &x); x.modes = ADJ_OFFSET; x.offset = -50; S(adjtimex, &x); x.modes = 0xffffffff; S(adjtimex, &x); S(adjtimex, NULL); S(clock_adjtime, CLOCK_REALTIME, &x); S(clock_adjtime, 3, &x); x.modes = ADJ_STATUS | ADJ_NANO | ADJ_TICK; x.status = STA_PLL | STA_INS; x.tick = 10000; S(adjtimex, &x); S(clock_adjtime, 0, BAD);
  struct timespec c; for (int i = -3; i < 13; i++) { S(clock_gettime, i, &c); S(clock_getres, i, &c); } S(clock_gettime, (~getpid() << 3) | 2, &c); S(clock_gettime, (~3 << 3) | 3, &c); S(clock_getres, 1, NULL); S(clock_gettime, 0, NULL); S(clock_gettime, 0, BAD); S(clock_settime, 1, NULL); S(clock_settime, 0, BAD);
  S(alarm, 100); S(alarm, 0); S(getitimer, 1, &x); S(getitimer, 7, &x); S(setitimer, 2, NULL, &x); S(setitimer, 1, BAD, NULL); S(nanosleep, NULL, NULL); S(nanosleep, BAD, &c); S(clock_nanosleep, 0, 5, &c, NULL);
  struct sigevent se = {0}; int id; se.sigev_notify = SIGEV_SIGNAL; se.sigev_signo = SIGUSR1; se.sigev_value.sival_int = 77; S(timer_create, 0, &se, &id); S(timer_create, 1, NULL, &id); se.sigev_notify = SIGEV_THREAD_ID; se._sigev_un._tid = gettid(); S(timer_create, 1, &se, &id); se.sigev_notify = SIGEV_NONE; S(timer_create, 7, &se, &id); se.sigev_notify = 9; S(timer_create, 0, &se, &id); S(timer_create, 0, BAD, &id); S(timer_create, 0, NULL, BAD); S(timer_create, 0, NULL, NULL); se.sigev_signo = 99; se.sigev_notify=SIGEV_THREAD; S(timer_create, 0, &se, &id);
  struct itimerspec a = {{0, 0}, {5, 6}}, o; S(timer_settime, 0, 0, &a, &o); S(timer_settime, 0, TIMER_ABSTIME | 4, &a, NULL); S(timer_gettime, 0, &o); S(timer_gettime, 77, &o); S(timer_getoverrun, 0); S(timer_delete, 0); S(timer_delete, 0); S(timer_settime, 1, 0, NULL, &o); S(timer_settime, 1, 0, BAD, BAD);
  int tf = S(timerfd_create, CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC); S(timerfd_create, 1, 7); S(timerfd_create, 77, 0); S(timerfd_settime, tf, 3, &a, &o); S(timerfd_settime, tf, 8, &a, NULL); S(timerfd_gettime, tf, &o); S(timerfd_gettime, tf, BAD); S(timerfd_settime, tf, 0, NULL, NULL); read(tf, &o, 8);
  S(times, NULL); S(times, &x); S(times, BAD); S(getrusage, 0, &x);
  return 0;
}

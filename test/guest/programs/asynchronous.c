/* Asynchronous input and output: requests of every kind, good and bad, and what came of them. An oracle of
 * test/guest/strace.test.ts. */
#include "oracle.h"
#include <linux/aio_abi.h>
int main(void) {
  aio_context_t ctx = 0;
  S(io_setup, 0, &ctx); S(io_setup, 8, NULL); S(io_setup, 8, BAD);
  S(io_setup, 8, &ctx);
  int fd = open("/tmp/aio", O_RDWR | O_CREAT | O_TRUNC, 0600);
  char buf[64] = "hello \x01 w\xf6rld\n", big[100];
  memset(big, 'x', 100);
  struct iovec v[2] = {{buf, 5}, {big, 40}};
  struct iocb c[8]; memset(c, 0, sizeof c);
  struct iocb *p[8]; for (int i = 0; i < 8; i++) p[i] = &c[i];
  c[0].aio_lio_opcode = IOCB_CMD_PWRITE; c[0].aio_fildes = fd; c[0].aio_buf = (uintptr_t)buf; c[0].aio_nbytes = 14; c[0].aio_data = 0x1234567890abcdefULL;
  c[1].aio_lio_opcode = IOCB_CMD_PREAD; c[1].aio_fildes = fd; c[1].aio_buf = (uintptr_t)big; c[1].aio_nbytes = 100; c[1].aio_offset = 3; c[1].aio_data = 7;
  c[2].aio_lio_opcode = IOCB_CMD_PWRITEV; c[2].aio_fildes = fd; c[2].aio_buf = (uintptr_t)v; c[2].aio_nbytes = 2; c[2].aio_offset = 100;
  c[3].aio_lio_opcode = IOCB_CMD_PREADV; c[3].aio_fildes = fd; c[3].aio_buf = (uintptr_t)v; c[3].aio_nbytes = 2; 
  c[4].aio_lio_opcode = IOCB_CMD_FSYNC; c[4].aio_fildes = fd;
  c[5].aio_lio_opcode = IOCB_CMD_FDSYNC; c[5].aio_fildes = fd;
  int pp[2]; pipe(pp);
  c[6].aio_lio_opcode = IOCB_CMD_POLL; c[6].aio_fildes = pp[0]; c[6].aio_buf = POLLIN; c[6].aio_data = 99;
  int ev = eventfd(0, 0);
  c[7].aio_lio_opcode = IOCB_CMD_PWRITE; c[7].aio_fildes = fd; c[7].aio_buf = (uintptr_t)big; c[7].aio_nbytes = 60; c[7].aio_flags = IOCB_FLAG_RESFD; c[7].aio_resfd = ev; c[7].aio_reqprio = 3; c[7].aio_rw_flags = 2;
  S(io_submit, ctx, 0, p); S(io_submit, ctx, 1, NULL); S(io_submit, ctx, 1, BAD); S(io_submit, 0x77, 1, p);
  struct iocb *bad[3] = {NULL, BAD, &c[0]};
  S(io_submit, ctx, 3, bad);
  S(io_submit, ctx, 1, bad + 1);
  S(io_submit, ctx, 1, p);
  S(io_submit, ctx, 8, p);
  struct iocb w = {0}; struct iocb *wp = &w;
  w.aio_lio_opcode = IOCB_CMD_NOOP; S(io_submit, ctx, 1, &wp);
  w.aio_lio_opcode = 4; w.aio_fildes = 5; w.aio_buf = 0x123; w.aio_nbytes = 4; w.aio_offset = -1; S(io_submit, ctx, 1, &wp);
  w.aio_lio_opcode = 77; w.aio_key = 9; w.aio_flags = 6; S(io_submit, ctx, 1, &wp);
  w.aio_lio_opcode = IOCB_CMD_PWRITE; w.aio_fildes = -1; w.aio_buf = (uintptr_t)BAD; S(io_submit, ctx, 1, &wp);
  w.aio_flags = 3; w.aio_resfd = -2; S(io_submit, ctx, 1, &wp);
  w.aio_lio_opcode = IOCB_CMD_PWRITEV; w.aio_flags=0; S(io_submit, ctx, 1, &wp);
  struct io_event e[10]; struct timespec t = {0, 1000000};
  S(io_getevents, ctx, 1, 2, e, NULL);
  S(io_getevents, ctx, 0, 10, e, &t);
  S(io_getevents, ctx, 5, 10, e, &t);
  write(pp[1], "x", 1);
  S(io_pgetevents, ctx, 1, 10, e, &t, NULL);
  struct { sigset_t *s; size_t n; } ss; sigset_t set; sigemptyset(&set); sigaddset(&set, SIGUSR1); ss.s = &set; ss.n = 8;
  S(io_pgetevents, ctx, 1, 10, e, &t, &ss);
  S(io_pgetevents, ctx, 1, 10, e, BAD, BAD);
  S(io_getevents, ctx, 1, 10, NULL, &t); S(io_getevents, ctx, -1, 10, e, NULL); S(io_getevents, 1, 1, 1, BAD, BAD);
  char b2[8]; read(pp[0], b2, 8);
  S(io_submit, ctx, 1, &p[6]);
  S(io_cancel, ctx, &c[6], e); S(io_cancel, ctx, &c[0], e); S(io_cancel, ctx, NULL, e); S(io_cancel, 5, BAD, BAD);
  S(io_getevents, ctx, 1, 10, e, &t);
  S(io_destroy, ctx); S(io_destroy, ctx); S(io_destroy, 0);
  return 0;
}

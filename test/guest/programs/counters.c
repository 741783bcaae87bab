/* Counters of events: every kind of them, sizes that the struct had, has and may have. An oracle of
 * test/guest/strace.test.ts. */
#include "oracle.h"
#include <linux/perf_event.h>
#define P(pid, cpu, g, f) syscall(SYS_perf_event_open, &a, pid, cpu, g, f)
int main(void) {
  struct perf_event_attr a = {0};
  a.type = PERF_TYPE_SOFTWARE; a.size = sizeof a; a.config = PERF_COUNT_SW_CPU_CLOCK; a.disabled = 1; a.exclude_kernel = 1; a.sample_period = 1000; a.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID; a.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED;
  int f = P(0, -1, -1, PERF_FLAG_FD_CLOEXEC);
  ioctl(f, PERF_EVENT_IOC_ENABLE, 0); ioctl(f, PERF_EVENT_IOC_DISABLE, 0); ioctl(f, PERF_EVENT_IOC_RESET, PERF_IOC_FLAG_GROUP); uint64_t id; ioctl(f, PERF_EVENT_IOC_ID, &id); ioctl(f, PERF_EVENT_IOC_PERIOD, &id); ioctl(f, PERF_EVENT_IOC_REFRESH, 3);
  char b[64]; read(f, b, 64);
  memset(&a, 0, sizeof a); a.type = PERF_TYPE_HARDWARE; a.size = 112; a.config = PERF_COUNT_HW_INSTRUCTIONS; a.freq = 1; a.sample_freq = 4000; a.inherit = 1; a.pinned = 1; a.exclusive = 1; a.exclude_user = a.exclude_hv = a.exclude_idle = 1; a.mmap = a.comm = 1; a.inherit_stat = 1; a.enable_on_exec = 1; a.task = 1; a.watermark = 1; a.precise_ip = 2; a.wakeup_watermark = 99; a.mmap_data = 1; a.sample_id_all = 1;
  P(0, 0, -1, 0); P(-1, 0, f, PERF_FLAG_FD_OUTPUT | PERF_FLAG_FD_NO_GROUP);
  a.size = 64; P(0, -1, -1, 0); a.size = 72; P(0, -1, -1, 0); a.size = 80; P(0, -1, -1, 0); a.size = 96; P(0, -1, -1, 0); a.size = 104; P(0, -1, -1, 0); a.size = 120; P(0,-1,-1,0); a.size = 128; P(0,-1,-1,0); a.size = 136; P(0,-1,-1,0); a.size = 20; P(0, -1, -1, 0); a.size = 0; P(0, -1, -1, 0); a.size = 1000; P(0, -1, -1, 0x77);
  memset(&a, 0, sizeof a); a.type = PERF_TYPE_HW_CACHE; a.size = sizeof a; a.config = 0x10103; P(0, -1, -1, 0); a.config = 0xff123456; P(0, -1, -1, 0);
  a.type = PERF_TYPE_TRACEPOINT; a.config = 300; P(0, -1, -1, 0); a.type = PERF_TYPE_RAW; a.config = 0xc0; a.config1 = 5; a.config2 = 6; a.branch_sample_type = PERF_SAMPLE_BRANCH_ANY | PERF_SAMPLE_BRANCH_USER; a.sample_regs_user = 0xff; a.sample_stack_user = 4096; a.clockid = CLOCK_MONOTONIC; a.use_clockid = 1; a.sample_regs_intr = 3; a.aux_watermark = 7; a.sample_max_stack = 50; a.sample_type = ~0ULL; a.read_format = ~0ULL; P(0, -1, -1, 0);
  memset(&a, 0, sizeof a); a.size = sizeof a; a.type = PERF_TYPE_BREAKPOINT; a.bp_type = 3; a.bp_addr = 0x1000; a.bp_len = 4; P(0, -1, -1, 0); a.bp_type = 4; a.bp_len = 8; P(0, -1, -1, 0); a.bp_type = 99; a.bp_len = 99; P(0,-1,-1,0); a.type = 6; a.config = 7; P(0, -1, -1, 0); a.type = 999; a.config = 0x12; P(0, 0, 5, 8);
  memset(&a, 0, sizeof a); a.size = sizeof a; a.type = 1; a.config = 99; a.context_switch = 1; a.write_backward = 1; a.namespaces = 1; a.ksymbol = 1; a.bpf_event = 1; a.aux_output = 1; a.cgroup = 1; a.text_poke = 1; a.build_id = 1; a.inherit_thread = 1; a.remove_on_exec = 1; a.sigtrap = 1; a.mmap2 = 1; a.comm_exec = 1; a.exclude_host = a.exclude_guest = 1; a.exclude_callchain_kernel = a.exclude_callchain_user = 1; a.precise_ip = 3; a.clockid = 55; a.__reserved_2 = 1; P(0, -1, -1, 0);
  a.__reserved_1 = 5; a.wakeup_events = 4; P(getpid(), -1, -1, 0);
  syscall(SYS_perf_event_open, NULL, 0, 0, -1, 0); syscall(SYS_perf_event_open, BAD, 0, 0, -1, 0); char *e = edge(); syscall(SYS_perf_event_open, e - 4, 0, -1, -1, 0); memset(e - 64, 0, 64); *(int *)(e - 60) = 112; syscall(SYS_perf_event_open, e - 64, 0, -1, -1, 0);
  return 0;
}

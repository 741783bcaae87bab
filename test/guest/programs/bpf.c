/* BPF: maps and programs made and asked for, with attributes of every length. An oracle of
 * test/guest/strace.test.ts. */
#include "oracle.h"
#include <linux/bpf.h>
#define B(cmd, a, n) syscall(SYS_bpf, cmd, a, n)
int main(void) {
  union bpf_attr a; 
#define Z memset(&a, 0, sizeof a)
  Z; a.map_type = BPF_MAP_TYPE_HASH; a.key_size = 4; a.value_size = 8; a.max_entries = 16; strcpy(a.map_name, "my_map");
  int m = B(BPF_MAP_CREATE, &a, sizeof a);
  Z; a.map_type = BPF_MAP_TYPE_ARRAY; a.key_size = 4; a.value_size = 8; a.max_entries = 4; int m2 = B(BPF_MAP_CREATE, &a, 20); a.map_flags = 7; B(BPF_MAP_CREATE, &a, 20); B(BPF_MAP_CREATE, &a, 24); a.map_flags = 0; B(BPF_MAP_CREATE, &a, 48); B(BPF_MAP_CREATE, &a, 72);
  a.map_type = 99; B(BPF_MAP_CREATE, &a, 72); B(BPF_MAP_CREATE, &a, 4); B(BPF_MAP_CREATE, &a, 0); B(BPF_MAP_CREATE, NULL, 20); B(BPF_MAP_CREATE, BAD, 20); B(BPF_MAP_CREATE, &a, 5000);
  int k = 3; uint64_t v = 0x1122334455667788ULL, k2;
  Z; a.map_fd = m; a.key = (uintptr_t)&k; a.value = (uintptr_t)&v; a.flags = BPF_ANY; B(BPF_MAP_UPDATE_ELEM, &a, sizeof a); a.flags = BPF_NOEXIST; B(BPF_MAP_UPDATE_ELEM, &a, 32); a.flags = 0x10; B(BPF_MAP_UPDATE_ELEM, &a, 32); 
  a.flags = 0; B(BPF_MAP_LOOKUP_ELEM, &a, 32); B(BPF_MAP_LOOKUP_ELEM, &a, 24); a.flags = 4; B(BPF_MAP_LOOKUP_ELEM, &a, 32);
  Z; a.map_fd = m; a.next_key = (uintptr_t)&k2; B(BPF_MAP_GET_NEXT_KEY, &a, 32); a.key = (uintptr_t)&k; B(BPF_MAP_GET_NEXT_KEY, &a, 24);
  B(BPF_MAP_DELETE_ELEM, &a, 32); a.next_key = 0; B(BPF_MAP_DELETE_ELEM, &a, 16); B(BPF_MAP_LOOKUP_AND_DELETE_ELEM, &a, 32); Z; a.map_fd = m; B(BPF_MAP_FREEZE, &a, 4); B(BPF_MAP_FREEZE, &a, sizeof a);
  Z; a.batch.map_fd = m; B(BPF_MAP_UPDATE_BATCH, &a, 56); B(BPF_MAP_DELETE_BATCH, &a, 56); B(BPF_MAP_LOOKUP_AND_DELETE_BATCH, &a, 56);
  static char log[4096];
  log[100] = 1; /* its page is there */

  struct bpf_insn prog[] = {{.code = 0xb7, .dst_reg = 0, .imm = 7}, {.code = 0x18, .dst_reg = 1, .src_reg = 1, .imm = m}, {0}, {.code = 0x61, .dst_reg = 2, .src_reg = 1, .off = -4}, {.code = 0x95}};
  struct bpf_insn ok[] = {{.code = 0xb7, .dst_reg = 0, .imm = 0}, {.code = 0x95}};
  Z; a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER; a.insn_cnt = 2; a.insns = (uintptr_t)ok; a.license = (uintptr_t)"GPL"; a.log_level = 1; a.log_size = sizeof log; a.log_buf = (uintptr_t)log; a.kern_version = 0x60100; strcpy(a.prog_name, "flt");
  int p = B(BPF_PROG_LOAD, &a, sizeof a); B(BPF_PROG_LOAD, &a, 40); B(BPF_PROG_LOAD, &a, 48); B(BPF_PROG_LOAD, &a, 64); B(BPF_PROG_LOAD, &a, 72); B(BPF_PROG_LOAD, &a, 112); B(BPF_PROG_LOAD, &a, 116); B(BPF_PROG_LOAD, &a, 120);
  a.insn_cnt = 5; a.insns = (uintptr_t)prog; a.log_level = 0; a.log_size = 0; a.log_buf = 0; a.prog_flags = 3; a.expected_attach_type = 2; B(BPF_PROG_LOAD, &a, sizeof a); a.prog_type = 88; a.insns = 16; a.license = 16; B(BPF_PROG_LOAD, &a, 72); a.insn_cnt = 0; a.insns = 0; a.license = 0; B(BPF_PROG_LOAD, &a, 72);
  Z; a.pathname = (uintptr_t)"/sys/fs/bpf/foo"; a.bpf_fd = m; B(BPF_OBJ_PIN, &a, 16); B(BPF_OBJ_PIN, &a, 12); B(BPF_OBJ_GET, &a, 16); a.bpf_fd = 0; a.file_flags = 8; B(BPF_OBJ_GET, &a, 16); B(BPF_OBJ_GET, &a, 8);
  Z; a.target_fd = 3; a.attach_bpf_fd = p; a.attach_type = 0; a.attach_flags = 1; B(BPF_PROG_ATTACH, &a, 16); B(BPF_PROG_ATTACH, &a, 20); B(BPF_PROG_ATTACH, &a, 12); a.attach_type = 99; a.attach_flags = 0; B(BPF_PROG_DETACH, &a, 12); B(BPF_PROG_DETACH, &a, 20);
  Z; a.test.prog_fd = p; static char in[64] = "abcdefghijklmnopqrstuvw", out[64]; a.test.data_size_in = 64; a.test.data_in = (uintptr_t)in; a.test.data_size_out = 64; a.test.data_out = (uintptr_t)out; a.test.repeat = 1; B(BPF_PROG_TEST_RUN, &a, 40); B(BPF_PROG_TEST_RUN, &a, 64); B(BPF_PROG_TEST_RUN, &a, sizeof a);
  Z; B(BPF_PROG_GET_NEXT_ID, &a, 8); B(BPF_MAP_GET_NEXT_ID, &a, 8); a.start_id = 9999; B(BPF_MAP_GET_NEXT_ID, &a, 12); B(BPF_BTF_GET_NEXT_ID, &a, 12); B(BPF_LINK_GET_NEXT_ID, &a, 8);
  Z; a.prog_id = 1; B(BPF_PROG_GET_FD_BY_ID, &a, 12); B(BPF_MAP_GET_FD_BY_ID, &a, 12); B(BPF_BTF_GET_FD_BY_ID, &a, 8); B(BPF_LINK_GET_FD_BY_ID, &a, 8); B(BPF_MAP_GET_FD_BY_ID, &a, 4);
  struct bpf_map_info mi = {0}; struct bpf_prog_info pi = {0};
  Z; a.info.bpf_fd = m; a.info.info_len = sizeof mi; a.info.info = (uintptr_t)&mi; B(BPF_OBJ_GET_INFO_BY_FD, &a, 16); a.info.bpf_fd = p; a.info.info_len = sizeof pi; a.info.info = (uintptr_t)&pi; B(BPF_OBJ_GET_INFO_BY_FD, &a, 16); a.info.bpf_fd = 0; B(BPF_OBJ_GET_INFO_BY_FD, &a, 16);
  Z; a.query.target_fd = 5; a.query.attach_type = 1; a.query.prog_cnt = 4; a.query.prog_ids = (uintptr_t)in; B(BPF_PROG_QUERY, &a, 28); B(BPF_PROG_QUERY, &a, 32);
  Z; a.raw_tracepoint.name = (uintptr_t)"sys_enter"; a.raw_tracepoint.prog_fd = p; B(BPF_RAW_TRACEPOINT_OPEN, &a, 12); B(BPF_RAW_TRACEPOINT_OPEN, &a, 16);
  Z; a.btf = (uintptr_t)"\x9f\xeb\x01\x00"; a.btf_size = 4; a.btf_log_buf = (uintptr_t)log; a.btf_log_size = 200; a.btf_log_level = 1; B(BPF_BTF_LOAD, &a, 28); B(BPF_BTF_LOAD, &a, 32);
  Z; a.link_create.prog_fd = p; a.link_create.target_fd = 4; a.link_create.attach_type = 3; B(BPF_LINK_CREATE, &a, 16); B(BPF_LINK_CREATE, &a, 64); B(BPF_LINK_UPDATE, &a, 16); B(BPF_LINK_DETACH, &a, 4); Z; B(BPF_ENABLE_STATS, &a, 4); a.enable_stats.type = 5; B(BPF_ENABLE_STATS, &a, 4); Z; B(BPF_ITER_CREATE, &a, 8); a.iter_create.link_fd=4; B(BPF_ITER_CREATE, &a, 8); Z; a.prog_bind_map.prog_fd = p; a.prog_bind_map.map_fd = m; B(BPF_PROG_BIND_MAP, &a, 12);
  B(77, &a, 12); B(-1, NULL, 0); B(40, BAD, 8);
  return 0;
}

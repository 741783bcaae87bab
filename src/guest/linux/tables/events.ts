// Source: include/uapi/linux (bpf.h, perf_event.h, aio_abi.h, sched.h) of Linux 6.1 (facts of the interface).
import { type Constants, list, set } from './names.ts';

const prefixed = (prefix: string, names: string, first = 0): Constants =>
  list(
    names
      .split(/\s+/)
      .map((name) => `${prefix}${name}`)
      .join(' '),
    first,
  );

/** Sets of bits of BPF programs and maps, of counters, of asynchronous input and output. */
export const EVENT_FLAGS: Readonly<Record<string, Constants>> = {
  bpfMapFlags: set(
    `BPF_F_NO_PREALLOC=1 BPF_F_NO_COMMON_LRU=2 BPF_F_NUMA_NODE=4 BPF_F_RDONLY=8 BPF_F_WRONLY=0x10 BPF_F_STACK_BUILD_ID=0x20
    BPF_F_ZERO_SEED=0x40 BPF_F_RDONLY_PROG=0x80 BPF_F_WRONLY_PROG=0x100 BPF_F_CLONE=0x200 BPF_F_MMAPABLE=0x400
    BPF_F_PRESERVE_ELEMS=0x800 BPF_F_INNER_MAP=0x1000`,
  ),
  bpfFileMode: set('BPF_F_RDONLY=8 BPF_F_WRONLY=0x10'),
  bpfProgramFlags: set(
    `BPF_F_STRICT_ALIGNMENT=1 BPF_F_ANY_ALIGNMENT=2 BPF_F_TEST_RND_HI32=4 BPF_F_TEST_STATE_FREQ=8 BPF_F_SLEEPABLE=0x10
    BPF_F_XDP_HAS_FRAGS=0x20`,
  ),
  bpfAttachFlags: set('BPF_F_ALLOW_OVERRIDE=1 BPF_F_ALLOW_MULTI=2 BPF_F_REPLACE=4'),
  bpfQueryFlags: set('BPF_F_QUERY_EFFECTIVE=1'),
  perfSample: prefixed(
    'PERF_SAMPLE_',
    `IP TID TIME ADDR READ CALLCHAIN ID CPU PERIOD STREAM_ID RAW BRANCH_STACK REGS_USER STACK_USER WEIGHT DATA_SRC IDENTIFIER
    TRANSACTION REGS_INTR PHYS_ADDR AUX CGROUP DATA_PAGE_SIZE CODE_PAGE_SIZE WEIGHT_STRUCT`,
  ).map(([name, bit]) => [name, 1 << Number(bit)]),
  perfRead: set(
    `PERF_FORMAT_TOTAL_TIME_ENABLED=1 PERF_FORMAT_TOTAL_TIME_RUNNING=2 PERF_FORMAT_ID=4 PERF_FORMAT_GROUP=8 PERF_FORMAT_LOST=0x10`,
  ),
  perfFlags: set('PERF_IOC_FLAG_GROUP=1'),
  iocbFlags: set('IOCB_FLAG_RESFD=1 IOCB_FLAG_IOPRIO=2'),
  scheduling: set(
    `SCHED_FLAG_RESET_ON_FORK=1 SCHED_FLAG_RECLAIM=2 SCHED_FLAG_DL_OVERRUN=4 SCHED_FLAG_KEEP_POLICY=8 SCHED_FLAG_KEEP_PARAMS=0x10
    SCHED_FLAG_UTIL_CLAMP_MIN=0x20 SCHED_FLAG_UTIL_CLAMP_MAX=0x40`,
  ),
};

/** Values of the same. */
export const EVENT_ENUMS: Readonly<Record<string, Constants>> = {
  bpf: prefixed(
    'BPF_',
    `MAP_CREATE MAP_LOOKUP_ELEM MAP_UPDATE_ELEM MAP_DELETE_ELEM MAP_GET_NEXT_KEY PROG_LOAD OBJ_PIN OBJ_GET PROG_ATTACH
    PROG_DETACH PROG_TEST_RUN PROG_GET_NEXT_ID MAP_GET_NEXT_ID PROG_GET_FD_BY_ID MAP_GET_FD_BY_ID OBJ_GET_INFO_BY_FD
    PROG_QUERY RAW_TRACEPOINT_OPEN BTF_LOAD BTF_GET_FD_BY_ID TASK_FD_QUERY MAP_LOOKUP_AND_DELETE_ELEM MAP_FREEZE
    BTF_GET_NEXT_ID MAP_LOOKUP_BATCH MAP_LOOKUP_AND_DELETE_BATCH MAP_UPDATE_BATCH MAP_DELETE_BATCH LINK_CREATE LINK_UPDATE
    LINK_GET_FD_BY_ID LINK_GET_NEXT_ID ENABLE_STATS ITER_CREATE LINK_DETACH PROG_BIND_MAP`,
  ),
  bpfMapType: prefixed(
    'BPF_MAP_TYPE_',
    `UNSPEC HASH ARRAY PROG_ARRAY PERF_EVENT_ARRAY PERCPU_HASH PERCPU_ARRAY STACK_TRACE CGROUP_ARRAY LRU_HASH
    LRU_PERCPU_HASH LPM_TRIE ARRAY_OF_MAPS HASH_OF_MAPS DEVMAP SOCKMAP CPUMAP XSKMAP SOCKHASH CGROUP_STORAGE
    REUSEPORT_SOCKARRAY PERCPU_CGROUP_STORAGE QUEUE STACK SK_STORAGE DEVMAP_HASH STRUCT_OPS RINGBUF INODE_STORAGE
    TASK_STORAGE BLOOM_FILTER USER_RINGBUF`,
  ),
  bpfProgramType: prefixed(
    'BPF_PROG_TYPE_',
    `UNSPEC SOCKET_FILTER KPROBE SCHED_CLS SCHED_ACT TRACEPOINT XDP PERF_EVENT CGROUP_SKB CGROUP_SOCK LWT_IN LWT_OUT
    LWT_XMIT SOCK_OPS SK_SKB CGROUP_DEVICE SK_MSG RAW_TRACEPOINT CGROUP_SOCK_ADDR LWT_SEG6LOCAL LIRC_MODE2 SK_REUSEPORT
    FLOW_DISSECTOR CGROUP_SYSCTL RAW_TRACEPOINT_WRITABLE CGROUP_SOCKOPT TRACING STRUCT_OPS EXT LSM SK_LOOKUP SYSCALL`,
  ),
  bpfAttachType: prefixed(
    'BPF_',
    `CGROUP_INET_INGRESS CGROUP_INET_EGRESS CGROUP_INET_SOCK_CREATE CGROUP_SOCK_OPS SK_SKB_STREAM_PARSER
    SK_SKB_STREAM_VERDICT CGROUP_DEVICE SK_MSG_VERDICT CGROUP_INET4_BIND CGROUP_INET6_BIND CGROUP_INET4_CONNECT
    CGROUP_INET6_CONNECT CGROUP_INET4_POST_BIND CGROUP_INET6_POST_BIND CGROUP_UDP4_SENDMSG CGROUP_UDP6_SENDMSG LIRC_MODE2
    FLOW_DISSECTOR CGROUP_SYSCTL CGROUP_UDP4_RECVMSG CGROUP_UDP6_RECVMSG CGROUP_GETSOCKOPT CGROUP_SETSOCKOPT TRACE_RAW_TP
    TRACE_FENTRY TRACE_FEXIT MODIFY_RETURN LSM_MAC TRACE_ITER CGROUP_INET4_GETPEERNAME CGROUP_INET6_GETPEERNAME
    CGROUP_INET4_GETSOCKNAME CGROUP_INET6_GETSOCKNAME XDP_DEVMAP CGROUP_INET_SOCK_RELEASE XDP_CPUMAP SK_LOOKUP XDP
    SK_SKB_VERDICT SK_REUSEPORT_SELECT SK_REUSEPORT_SELECT_OR_MIGRATE PERF_EVENT TRACE_KPROBE_MULTI LSM_CGROUP`,
  ),
  bpfMapUpdate: set('BPF_ANY=0 BPF_NOEXIST=1 BPF_EXIST=2 BPF_F_LOCK=4'),
  bpfTaskFd: prefixed('BPF_FD_TYPE_', 'RAW_TRACEPOINT TRACEPOINT KPROBE KRETPROBE UPROBE URETPROBE'),
  perfType: prefixed('PERF_TYPE_', 'HARDWARE SOFTWARE TRACEPOINT HW_CACHE RAW BREAKPOINT'),
  perfSize: set(
    `PERF_ATTR_SIZE_VER0=64 PERF_ATTR_SIZE_VER1=72 PERF_ATTR_SIZE_VER2=80 PERF_ATTR_SIZE_VER3=96 PERF_ATTR_SIZE_VER4=104
    PERF_ATTR_SIZE_VER5=112 PERF_ATTR_SIZE_VER6=120 PERF_ATTR_SIZE_VER7=128`,
  ),
  perfHardware: prefixed(
    'PERF_COUNT_HW_',
    `CPU_CYCLES INSTRUCTIONS CACHE_REFERENCES CACHE_MISSES BRANCH_INSTRUCTIONS BRANCH_MISSES BUS_CYCLES STALLED_CYCLES_FRONTEND
    STALLED_CYCLES_BACKEND REF_CPU_CYCLES`,
  ),
  perfSoftware: prefixed(
    'PERF_COUNT_SW_',
    `CPU_CLOCK TASK_CLOCK PAGE_FAULTS CONTEXT_SWITCHES CPU_MIGRATIONS PAGE_FAULTS_MIN PAGE_FAULTS_MAJ ALIGNMENT_FAULTS
    EMULATION_FAULTS DUMMY BPF_OUTPUT CGROUP_SWITCHES`,
  ),
  perfCache: prefixed('PERF_COUNT_HW_CACHE_', 'L1D L1I LL DTLB ITLB BPU NODE'),
  perfCacheOperation: prefixed('PERF_COUNT_HW_CACHE_OP_', 'READ WRITE PREFETCH'),
  perfCacheResult: prefixed('PERF_COUNT_HW_CACHE_RESULT_', 'ACCESS MISS'),
  iocbCommand: set(
    `IOCB_CMD_PREAD=0 IOCB_CMD_PWRITE=1 IOCB_CMD_FSYNC=2 IOCB_CMD_FDSYNC=3 IOCB_CMD_PREADX=4 IOCB_CMD_POLL=5 IOCB_CMD_NOOP=6
    IOCB_CMD_PREADV=7 IOCB_CMD_PWRITEV=8`,
  ),
};

/** One bit each of struct perf_event_attr, from byte 40 on; `precise_ip` has two. */
export const PERF_BITS: readonly string[] =
  `disabled inherit pinned exclusive exclude_user exclude_kernel exclude_hv exclude_idle mmap comm freq inherit_stat enable_on_exec task
  watermark precise_ip precise_ip mmap_data sample_id_all exclude_host exclude_guest exclude_callchain_kernel exclude_callchain_user
  mmap2 comm_exec use_clockid context_switch write_backward namespaces ksymbol bpf_event aux_output cgroup text_poke build_id
  inherit_thread remove_on_exec sigtrap`.split(/\s+/);

/** Field of union bpf_attr: `name@offset:size:format`. */
export interface BpfField {
  readonly name: string;
  readonly at: number;
  readonly size: number;
  readonly format: string;
}

export interface BpfForm {
  /** Name of the member of the union that the fields are in; '' for none. */
  readonly member: string;
  /** Fields that are always shown, then groups each of which is shown if the attributes are long enough for its beginning. */
  readonly groups: readonly (readonly BpfField[])[];
}

const form = (text: string, member = ''): BpfForm => ({
  member,
  groups: text.split('|').map((group) =>
    group
      .trim()
      .split(/\s+/)
      .map((word): BpfField => {
        const [, name, at, size, format] = /^(\w+)@(\d+)(?::(\d+))?(?::(.+))?$/.exec(word)!;
        return { name: name!, at: Number(at), size: Number(size ?? 4), format: format ?? 'u' };
      }),
  ),
});

const ELEMENT = 'map_fd@0:4:d key@8:8:p';
const NEXT = form('start_id@0 next_id@4:4:after | open_flags@8:4:F=bpfFileMode');
const batch = (names: string): BpfForm =>
  form(`${names} count@32:4:u map_fd@36:4:d elem_flags@40:8:E=bpfMapUpdate flags@48:8:x`, 'batch');

/**
 * Commands of bpf by number. Formats: d u x p, E=set F=set, text (in the struct), string (behind a pointer), bytes@N (as many as the
 * field at N says), version, ifindex, after (as the kernel leaves it, if that is another), numa (only where the flags ask for it).
 */
export const BPF_FORMS: Readonly<Record<number, BpfForm>> = {
  0: form(
    `map_type@0:4:E=bpfMapType key_size@4 value_size@8 max_entries@12 | map_flags@16:4:F=bpfMapFlags | inner_map_fd@20:4:d |
    numa_node@24:4:numa | map_name@28:16:text | map_ifindex@44:4:ifindex | btf_fd@48:4:d btf_key_type_id@52 btf_value_type_id@56 |
    btf_vmlinux_value_type_id@60 | map_extra@64:8:x`,
  ),
  1: form(`${ELEMENT} value@16:8:p | flags@24:8:E=bpfMapUpdate`),
  2: form(`${ELEMENT} value@16:8:p flags@24:8:E=bpfMapUpdate`),
  3: form(ELEMENT),
  4: form(`${ELEMENT} next_key@16:8:p`),
  5: form(
    `prog_type@0:4:E=bpfProgramType insn_cnt@4 insns@8:8:p license@16:8:string log_level@24 log_size@28 log_buf@32:8:log |
    kern_version@40:4:version | prog_flags@44:4:F=bpfProgramFlags | prog_name@48:16:text | prog_ifindex@64:4:ifindex |
    expected_attach_type@68:4:E=bpfAttachType | prog_btf_fd@72:4:d func_info_rec_size@76 func_info@80:8:p func_info_cnt@88
    line_info_rec_size@92 line_info@96:8:p line_info_cnt@104 | attach_btf_id@108 | attach_prog_fd@112:4:d | fd_array@120:8:p`,
  ),
  6: form('pathname@0:8:string bpf_fd@8:4:d | file_flags@12:4:F=bpfFileMode'),
  7: form('pathname@0:8:string bpf_fd@8:4:d | file_flags@12:4:F=bpfFileMode'),
  8: form(
    `target_fd@0:4:d attach_bpf_fd@4:4:d attach_type@8:4:E=bpfAttachType attach_flags@12:4:F=bpfAttachFlags | replace_bpf_fd@16:4:d`,
  ),
  9: form('target_fd@0:4:d attach_type@8:4:E=bpfAttachType'),
  10: form(
    `prog_fd@0:4:d retval@4 data_size_in@8 data_size_out@12 data_in@16:8:p data_out@24:8:p repeat@32 duration@36 |
    ctx_size_in@40 ctx_size_out@44 ctx_in@48:8:p ctx_out@56:8:p | flags@64:4:x cpu@68 | batch_size@72`,
    'test',
  ),
  11: NEXT,
  12: NEXT,
  13: form('prog_id@0 next_id@4 | open_flags@8:4:F=bpfFileMode'),
  14: form('map_id@0 next_id@4 | open_flags@8:4:F=bpfFileMode'),
  15: form('bpf_fd@0:4:d info_len@4:4:after info@8:8:p', 'info'),
  16: form(
    `target_fd@0:4:d attach_type@4:4:E=bpfAttachType query_flags@8:4:F=bpfQueryFlags attach_flags@12:4:F=bpfAttachFlags
    prog_ids@16:8:p prog_cnt@24:4:after`,
    'query',
  ),
  17: form('name@0:8:string prog_fd@8:4:d', 'raw_tracepoint'),
  18: form('btf@0:8:bytes@16 btf_log_buf@8:8:p btf_size@16 btf_log_size@20 btf_log_level@24'),
  19: form('btf_id@0'),
  20: form(
    `pid@0:4:d fd@4:4:d flags@8:4:x buf_len@12:4:after buf@16:8:string prog_id@24 fd_type@28:4:E=bpfTaskFd probe_offset@32:8:x
    probe_addr@40:8:x`,
    'task_fd_query',
  ),
  21: form(`${ELEMENT} value@16:8:p | flags@24:8:E=bpfMapUpdate`),
  22: form('map_fd@0:4:d'),
  23: NEXT,
  24: batch('in_batch@0:8:p out_batch@8:8:p keys@16:8:p values@24:8:p'),
  25: batch('in_batch@0:8:p out_batch@8:8:p keys@16:8:p values@24:8:p'),
  26: batch('keys@16:8:p values@24:8:p'),
  27: batch('keys@16:8:p'),
  28: form('prog_fd@0:4:d target_fd@4:4:d attach_type@8:4:E=bpfAttachType flags@12:4:x', 'link_create'),
  29: form('link_fd@0:4:d new_prog_fd@4:4:d flags@8:4:F=bpfAttachFlags', 'link_update'),
  30: form('link_id@0'),
  31: NEXT,
};

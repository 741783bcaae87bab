// A module that has the kernel call it as the kernel's own tracing allows, and once as it does not, for tests that tell the two.
#include <linux/ftrace.h>
#include <linux/init.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <asm/special_insns.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Probes, traces, and patches a function in its middle");

/* The other module puts a jump to itself there. */
int prober_entry(int x);
noinline int prober_entry(int x)
{
	asm volatile("");
	return x * 3 + jiffies;
}
EXPORT_SYMBOL(prober_entry);

static int before(struct kprobe *probe, struct pt_regs *regs)
{
	return 0;
}

static int after(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	return 0;
}

static void traced(unsigned long ip, unsigned long parent, struct ftrace_ops *ops, struct ftrace_regs *regs)
{
}

static void patched(void)
{
}

static struct kprobe at_entry = { .symbol_name = "__x64_sys_getpgid", .pre_handler = before };
/* Two at one address. */
static struct kprobe again = { .symbol_name = "__x64_sys_getpgid", .pre_handler = before };
/* Optimised after a while: a jump takes the breakpoint's place. */
static struct kprobe within = { .symbol_name = "do_sys_openat2", .offset = 5, .pre_handler = before };
/* With a handler behind it a probe stays a breakpoint. */
static void behind(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}
static struct kprobe breakpoint = { .symbol_name = "do_sys_open", .offset = 5, .pre_handler = before, .post_handler = behind };
static struct kretprobe returning = { .kp.symbol_name = "__x64_sys_getsid", .handler = after, .maxactive = 4 };
static struct ftrace_ops tracer = { .func = traced };

static void force_cr0(unsigned long value)
{
	asm volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

static int patch_middle(void)
{
	struct kprobe probe = { .symbol_name = "__x64_sys_acct" };
	unsigned long cr0 = read_cr0();
	s32 distance;
	u8 *at;

	if (register_kprobe(&probe) < 0)
		return -ENOENT;
	at = (u8 *)probe.addr + 32;
	unregister_kprobe(&probe);
	distance = (unsigned long)patched - (unsigned long)at - 5;
	force_cr0(cr0 & ~X86_CR0_WP);
	at[0] = 0xe9;
	memcpy(at + 1, &distance, sizeof distance);
	force_cr0(cr0);
	return 0;
}

static int __init prober_init(void)
{
	char name[] = "__x64_sys_getpriority";

	if (register_kprobe(&at_entry) || register_kprobe(&again) || register_kprobe(&within) || register_kprobe(&breakpoint))
		return -EINVAL;
	if (register_kretprobe(&returning) || ftrace_set_filter(&tracer, name, sizeof name - 1, 1))
		return -EINVAL;
	return register_ftrace_function(&tracer) ?: patch_middle();
}

module_init(prober_init);

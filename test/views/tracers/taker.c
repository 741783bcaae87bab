// A module that takes over a function of another module, and has one of its own taken over by that, for tests of what finds it.
#include <linux/init.h>
#include <linux/module.h>
#include <asm/special_insns.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Takes over functions of modules");

int prober_entry(int x);

static noinline int taker_entry(int x)
{
	asm volatile("");
	return x * 5 + jiffies;
}

static noinline int replacement(int x)
{
	asm volatile("");
	return 0;
}

static void take(u8 *entry, void *to)
{
	unsigned long cr0 = read_cr0();
	s32 distance = (unsigned long)to - (unsigned long)entry - 5;

	asm volatile("mov %0, %%cr0" : : "r"(cr0 & ~X86_CR0_WP) : "memory");
	entry[0] = 0xe9;
	memcpy(entry + 1, &distance, sizeof distance);
	asm volatile("mov %0, %%cr0" : : "r"(cr0) : "memory");
}

static int __init taker_init(void)
{
	take((u8 *)prober_entry, replacement);
	take((u8 *)taker_entry, prober_entry);
	return 0;
}

module_init(taker_init);

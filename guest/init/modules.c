#include "modules.h"
#include "system.h"

static void load(const char *name)
{
	static struct text path;
	static struct text code;
	int file = call3(SYS_OPEN, text_join(&path, "/modules/", name, ""), O_RDONLY | O_CLOEXEC, 0);
	long result = file < 0 ? file : call3(SYS_FINIT_MODULE, file, "", 0);
	if (file >= 0)
		call1(SYS_CLOSE, file);
	if (result < 0 && result != -EEXIST) {
		text_clear(&code);
		text_add_number(&code, -result);
		say(name, " was refused by the kernel, errno ", code.bytes);
	}
}

void modules_load(void)
{
	static char order[4096];
	int file = call3(SYS_OPEN, "/modules/order", O_RDONLY | O_CLOEXEC, 0);
	if (file < 0)
		return;
	long length = call3(SYS_READ, file, order, sizeof order - 1);
	call1(SYS_CLOSE, file);
	char *name = order;
	for (long at = 0; at < length; at++)
		if (order[at] == '\n') {
			order[at] = 0;
			load(name);
			name = order + at + 1;
		}
}

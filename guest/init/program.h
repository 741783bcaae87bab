/* Finding the program, starting it, and saying why it can't be started. */
#pragma once
#include "spec.h"

struct program_failure {
	int error;		/* errno, positive */
	char path[4096];	/* what was tried last */
};

/* In the child: becomes the program, or fills in `failure`. */
void program_become(const struct spec *spec, struct program_failure *failure);
/* The line for the user, and the exit status that a shell would give: 127 not found, 126 can't be executed. */
u32 program_explain(const struct spec *spec, const struct program_failure *failure, struct text *reason);

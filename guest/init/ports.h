/* The console ports: how bytes get in and out of the guest. */
#pragma once
#include "system.h"

struct ports {
	int control, input, output, error, terminal;
	/* All five are there; without them, control and terminal are serial lines. */
	int streams;
};

/* Opens them by name; falls back on the serial lines when there is no console device or no driver for it. */
void ports_open(struct ports *ports, int console_driver);
/* Raw, eight bits, no echo. */
void terminal_raw(int descriptor);

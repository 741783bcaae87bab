/* Kernel modules, in the order in which the host found they need each other. */
#pragma once

/* Loads what /modules/order lists, one file name a line. */
void modules_load(void);

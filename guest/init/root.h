/* The program's file tree. */
#pragma once
#include "spec.h"

/* Builds it and makes it init's root. 0, or -1 with the reason in `reason`. */
int root_enter(const struct spec *spec, struct text *reason);

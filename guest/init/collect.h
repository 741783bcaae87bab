/* Bringing files out of the guest. */
#pragma once
#include "spec.h"

/* Sends what each RECORD_COLLECT names, folders with all that is in them. */
void collect_all(const struct spec *spec);

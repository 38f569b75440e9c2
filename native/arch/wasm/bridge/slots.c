// SPDX-License-Identifier: GPL-2.0-only
/* The memory of the request interface. The operations use it and know nothing of request.c. */
#include "slots.h"

struct bridge_slot bridge_slots[BRIDGE_SLOTS];
char bridge_buffers[BRIDGE_SLOTS][BRIDGE_BUFFER] __aligned(8);

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _WASM_BRIDGE_CRED_H
#define _WASM_BRIDGE_CRED_H

#include <linux/types.h>

struct cred;

/* The identity that op_cred_add() numbered so, or NULL. */
extern const struct cred *bridge_cred(u32 number);

#endif

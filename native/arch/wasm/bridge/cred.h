/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _WASM_BRIDGE_CRED_H
#define _WASM_BRIDGE_CRED_H

#include <linux/types.h>

struct cred;

/* ops-control.c: the identity with the number that op_cred_add() gave it, or NULL. */
const struct cred *bridge_cred(u32 number);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Kbuild wants one; no assembly reads it. */
int main(void) { return 0; }

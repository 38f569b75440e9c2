/* SPDX-License-Identifier: GPL-2.0-only */
/* Kbuild needs this file; there is no assembly that reads it. */
int main(void) { return 0; }

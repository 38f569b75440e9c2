#!/usr/bin/env python3
"""Calls mount(2) once and prints how this machine's kernel answered.

    native-mount.py TYPE DEV DIR FLAGS OPTIONS

FLAGS is a comma list of the names below, or "-" for none; OPTIONS is the file system's own string,
as in mount(2)'s data, or "-". Prints {"errno": null} and leaves the mount in place, or
{"errno": "EUCLEAN"}; exits 0 either way. mount(8) is no help here: it turns errno into prose.

An image may say in its superblock that an error shall panic the kernel (ext4's errors=panic). That
would be this machine: for ext2, ext3 and ext4 errors=continue is put before OPTIONS, so that an
explicit errors= there still wins.
"""

import ctypes
import errno
import json
import os
import sys

# include/uapi/linux/mount.h
FLAGS = {
    "ro": 1,
    "nosuid": 2,
    "nodev": 4,
    "noexec": 8,
    "sync": 16,
    "dirsync": 128,
    "noatime": 1024,
    "nodiratime": 2048,
    "silent": 32768,
    "lazytime": 1 << 25,
}
# As in native-manifest.py: of two names for one number, Linux's own.
ERRNO_NAMES = dict(errno.errorcode)
ERRNO_NAMES.update({11: "EAGAIN", 35: "EDEADLK", 95: "EOPNOTSUPP"})


def main(arguments):
    if len(arguments) != 5:
        sys.exit("usage: native-mount.py TYPE DEV DIR FLAGS OPTIONS")
    kind, device, folder, flag_names, options = arguments
    flags = 0
    for name in [] if flag_names == "-" else flag_names.split(","):
        flags |= FLAGS[name]
    options = [] if options in ("-", "") else [options]
    if kind in ("ext2", "ext3", "ext4"):
        options.insert(0, "errors=continue")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mount.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_ulong, ctypes.c_char_p]
    text = [os.fsencode(part) for part in (device, folder, kind)]
    answer = libc.mount(*text, flags, os.fsencode(",".join(options)))
    number = ctypes.get_errno()
    name = None if answer == 0 else ERRNO_NAMES.get(number, "E%d" % number)
    print(json.dumps({"errno": name}))


if __name__ == "__main__":
    main(sys.argv[1:])

#!/usr/bin/env python3
"""Prints a sha256 over what is not zero in a file, with its places; holes cost no time.

    sparse-digest.py FILE

Where the holes are is no part of it: on ext4, blocks that are allocated but not written become data
for lseek(2) by being read (fs/iomap/seek.c).
"""

import errno
import hashlib
import os
import sys

PIECE_BYTES = 1 << 16


def data_extents(fd, size):
    """(start, end) of what is not a hole (lseek(2), SEEK_DATA)."""
    end = 0
    while end < size:
        try:
            start = os.lseek(fd, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            raise
        end = os.lseek(fd, start, os.SEEK_HOLE)
        yield start, end


def main(path):
    fd = os.open(path, os.O_RDONLY)
    size = os.fstat(fd).st_size
    digest = hashlib.sha256(b"%d\n" % size)
    done = 0
    for start, end in data_extents(fd, size):
        # Whole pieces, so that the same content is the same pieces wherever the holes are.
        at = max(done, start - start % PIECE_BYTES)
        while at < end:
            piece = os.pread(fd, PIECE_BYTES, at)
            if piece.count(0) != len(piece):
                digest.update(b"%d\n" % at)
                digest.update(piece)
            at += PIECE_BYTES
        done = at
    print(digest.hexdigest())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: sparse-digest.py FILE")
    main(sys.argv[1])

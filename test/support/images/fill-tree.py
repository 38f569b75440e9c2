#!/usr/bin/env python3
"""Fills a directory with everything a Linux file system can hold, the same for the same seed.

    fill-tree.py DIR [--seed=N] [--for-tools] [--xattr-room=BYTES] [--big] [--subdirs=N]

    --for-tools   the tree will be read by mksquashfs, mkfs.erofs, mkfs.ext4 -d and the like, which
                  stop at paths beyond PATH_MAX and at symlinks of a block or more: leave those out
    --xattr-room  leave out the xattrs of a file beyond so many bytes: mkfs.ext4 -d stops at them
    --big         add a sparse file of more than 4 GiB, with data around the 2 and 4 GiB borders
    --subdirs=N   only a directory with N directories in it (ext4's dir_nlink begins at 65,000)

Prints one JSON object: how many steps worked, and which were skipped for which errno. About
17 MB of data in some 3,600 entries, so that it fits in every image of the catalogue.

Invariants:
1. What the file system cannot hold is skipped, step by step, and counted; only an errno that is not
   a refusal (EIO, EUCLEAN, …) ends the program.
2. Every mtime is set last, from the inside out, and depends on the path and the seed alone.
3. Names are bytes: many of them are no UTF-8.
"""

import ctypes
import errno
import json
import os
import random
import stat
import struct
import subprocess
import sys
import zlib

REFUSALS = {
    errno.EOPNOTSUPP, errno.ENOSPC, errno.EPERM, errno.EINVAL, errno.ENAMETOOLONG, errno.E2BIG,
    errno.ERANGE, errno.EILSEQ, errno.EMLINK, errno.EOVERFLOW, errno.EFBIG, errno.ENOSYS,
    errno.EEXIST, errno.ENODATA, errno.ENOTTY, errno.EDQUOT,
}  # fmt: skip

# include/uapi/linux/falloc.h
KEEP_SIZE, PUNCH_HOLE, COLLAPSE_RANGE, ZERO_RANGE, INSERT_RANGE = 1, 2, 8, 16, 32

# Seconds: the ends of 32 bits, of ext4's 34 bits, of XFS's bigtime, and around zero.
TIMES_NS = {
    b"1901-12-13": -(2**31) * 10**9,
    b"1969-minus-half-second": -500_000_000,
    b"1969-minus-one-ns": -1,
    b"1969-last-second": -1_000_000_000,
    b"1970": 0,
    b"1970-one-ns": 1,
    b"2038-01-19-last": (2**31 - 1) * 10**9 + 999_999_999,
    b"2038-01-20": 2**31 * 10**9 + 123_456_789,
    b"2106-02-07": (2**32 - 1) * 10**9 + 999_999_999,
    b"2106-02-08": 2**32 * 10**9,
    b"2242": 8_589_934_591 * 10**9,
    b"2446-05-10": 15_032_385_535 * 10**9 + 999_999_999,
    b"2486-07-02": 16_299_260_424 * 10**9 + 1,
    b"3000": 32_503_680_000 * 10**9,
}


class Filler:
    def __init__(self, root, options):
        seed = options["seed"]
        self.root = root
        self.for_tools = options["for-tools"]
        self.xattr_room = options["xattr-room"]
        self.random = random.Random(seed)
        self.seed = seed
        self.made = 0
        self.skipped = {}
        self.times = {}
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int] + [ctypes.c_longlong] * 2

    def attempt(self, what, step, *arguments, **named):
        """Runs one step; answers whether the file system took it."""
        try:
            step(*arguments, **named)
        except OSError as error:
            if error.errno not in REFUSALS:
                raise
            reason = "%s: %s" % (what, errno.errorcode.get(error.errno, error.errno))
            self.skipped[reason] = self.skipped.get(reason, 0) + 1
            return False
        self.made += 1
        return True

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def folder(self, *parts):
        path = self.path(*parts)
        os.makedirs(path, exist_ok=True)
        return path

    def data(self, size, kind):
        """`text` packs well, `random` not at all, `mixed` by turns, `zero` is stored zeroes."""
        if kind == "random":
            return self.random.randbytes(size)
        if kind == "zero":
            return bytes(size)
        if kind == "mixed":
            parts, left = [], size
            while left > 0:
                length = min(left, self.random.choice([1000, 5000, 20000, 70000]))
                parts.append(self.data(length, self.random.choice(["text", "random", "zero"])))
                left -= length
            return b"".join(parts)
        number = self.random.getrandbits(20)
        line = b"line %d: the quick brown fox jumps over the lazy dog\n" % number
        copies = size // len(line) + 1
        return b"".join(line + b"%d\n" % n for n in range(copies))[:size]

    def write(self, path, content):
        with open(path, "wb", buffering=0) as file:
            view = memoryview(content)
            while len(view):
                view = view[file.write(view):]

    def file(self, path, size, kind="text"):
        return self.attempt("file", self.write, path, self.data(size, kind))

    def fallocate(self, fd, mode, offset, length):
        if self.libc.fallocate(fd, mode, offset, length) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def fill_sizes(fill):
    """Files around every border: inline data, blocks, pages, direct and indirect blocks."""
    folder = fill.folder(b"sizes")
    sizes = {0, 1, 2, 59, 60, 61, 100, 131, 156, 160, 161, 2000, 3_000_001, 2_500_000}
    for border in (512, 1024, 2048, 4096, 8192, 12288, 16384, 49152, 65536, 131072, 274432, 524288):
        sizes |= {border - 1, border, border + 1}
    kinds = ["text", "random", "mixed", "zero"]
    for index, size in enumerate(sorted(sizes)):
        fill.file(os.path.join(folder, b"%07d" % size), size, kinds[index % 4])
    fill.file(os.path.join(folder, b"text-2M"), 2 << 20, "text")


def fill_holes(fill):
    """Sparse files, unwritten extents, and what fallocate can do to a file."""
    folder = fill.folder(b"holes")

    def sparse(name, size, pieces):
        with open(os.path.join(folder, name), "wb", buffering=0) as file:
            file.truncate(size)
            for offset, length in pieces:
                file.seek(offset)
                file.write(fill.data(length, "random"))

    def shaped(name, size, changes):
        path = os.path.join(folder, name)
        fill.write(path, fill.data(size, "random"))
        with open(path, "r+b", buffering=0) as file:
            os.fsync(file.fileno())
            for mode, offset, length in changes:
                fill.fallocate(file.fileno(), mode, offset, length)

    every_second = [(PUNCH_HOLE | KEEP_SIZE, at, 4096) for at in range(0, 1 << 20, 8192)]
    fill.attempt("sparse", sparse, b"only-hole", 3_333_333, [])
    fill.attempt("sparse", sparse, b"hole-at-start", 1_100_000, [(1_050_000, 50_000)])
    fill.attempt("sparse", sparse, b"hole-in-middle", 2_000_000, [(0, 5000), (1_900_001, 99_999)])
    fill.attempt("sparse", sparse, b"hole-at-end", 6_000_000, [(0, 8193)])
    scattered = [(n * 65536 + n * 7, 100) for n in range(60)]
    fill.attempt("sparse", sparse, b"scattered", 5_000_000, scattered)
    fill.attempt("unwritten", shaped, b"unwritten", 10_000, [(0, 0, 1 << 20)])
    fill.attempt("unwritten", shaped, b"beyond-end", 10_000, [(KEEP_SIZE, 0, 1 << 19)])
    fill.attempt("punch", shaped, b"punched", 1 << 20, every_second)
    fill.attempt("zero range", shaped, b"zeroed", 300_000, [(ZERO_RANGE, 50_001, 100_000)])
    fill.attempt("collapse", shaped, b"collapsed", 1 << 18, [(COLLAPSE_RANGE, 65536, 65536)])
    fill.attempt("insert", shaped, b"inserted", 1 << 18, [(INSERT_RANGE, 65536, 65536)])


def fill_fragmented(fill):
    """Three files that take turns in allocating, so that each has a hundred extents."""
    folder = fill.folder(b"fragmented")
    files = [open(os.path.join(folder, b"f%d" % n), "wb", buffering=0) for n in range(3)]
    step, rounds = 4096, 100

    def by_fallocate():
        for turn in range(rounds):
            for number, file in enumerate(files):
                # The last one backwards: its blocks go down while its offsets go up.
                at = (rounds - 1 - turn if number == 2 else turn) * step
                fill.fallocate(file.fileno(), 0, at, step)

    def by_fsync():
        for turn in range(12):
            for file in files:
                file.write(fill.data(step, "random"))
                os.fsync(file.fileno())

    if fill.attempt("fallocate", by_fallocate):
        for file in files:
            file.seek(0)
            fill.attempt("file", file.write, fill.data(rounds * step, "mixed"))
    else:
        fill.attempt("file", by_fsync)
    for file in files:
        file.close()


def fill_kinds(fill):
    """Hard links, symlinks of all lengths, devices, fifos, sockets."""
    folder = fill.folder(b"kinds")
    at = lambda name: os.path.join(folder, name)
    fill.file(at(b"original"), 10_000)
    for number in range(20):
        fill.attempt("link", os.link, at(b"original"), at(b"hard-%d" % number))
    fill.folder(b"kinds", b"elsewhere")
    fill.attempt("link", os.link, at(b"original"), at(b"elsewhere/hard"))
    targets = [b"original", b"../sizes", b"nowhere", b"/", b".", b"\xff\xfe", b"caf\xc3\xa9"]
    for number, target in enumerate(targets):
        fill.attempt("symlink", os.symlink, target, at(b"link-%d" % number))
    fill.attempt("symlink", os.symlink, b"loop", at(b"loop"))
    # 59/60: in ext4's inode; 1023/1024: XFS's limit; 4095: the VFS's.
    for length in (1, 40, 59, 60, 61, 150, 255, 256, 400, 511, 512, 1000, 1023, 1024, 2000, 4095):
        if fill.for_tools and length > 1000:
            break
        target = (b"long/" * 1000)[: length - 1] + b"x"
        fill.attempt("symlink", os.symlink, target, at(b"symlink-%04d" % length))
    devices = [(0, 0), (1, 3), (8, 1), (255, 255), (256, 256), (4095, 1048575)]
    for major, minor in devices:
        for letter, kind in ((b"c", stat.S_IFCHR), (b"b", stat.S_IFBLK)):
            name = b"%s-%d-%d" % (letter, major, minor)
            number = os.makedev(major, minor)
            fill.attempt("device", os.mknod, at(name), kind | 0o640, number)
    fill.attempt("fifo", os.mknod, at(b"fifo"), stat.S_IFIFO | 0o622)
    fill.attempt("socket", os.mknod, at(b"socket"), stat.S_IFSOCK | 0o777)


def fill_owners(fill):
    """All mode bits, and owners up to the largest number there is."""
    folder = fill.folder(b"owners")
    for mode in (0, 0o1, 0o20, 0o400, 0o644, 0o755, 0o777, 0o1777, 0o2755, 0o4755, 0o6711, 0o7777):
        path = os.path.join(folder, b"mode-%04o" % mode)
        fill.file(path, 10)
        fill.attempt("chmod", os.chmod, path, mode)
        fill.attempt("mkdir", os.mkdir, path + b"-dir")
        fill.attempt("chmod", os.chmod, path + b"-dir", mode)
    for owner in (1, 1000, 65534, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 2):
        path = os.path.join(folder, b"owner-%d" % owner)
        fill.file(path, 10)
        fill.attempt("chown", os.chown, path, owner, 2**32 - 1 - owner)


def put_xattrs(fill, path, values, follow=True):
    room = fill.xattr_room
    for name, value in values.items():
        # ext4's own count: an entry of 16 bytes, name and value rounded up to four.
        room -= 24 + len(name) + len(value)
        if room < 0:
            break
        size = " %d bytes" % len(value) if len(value) > 900 else ""
        what = "xattr " + name.split(".")[0] + size
        fill.attempt(what, os.setxattr, path, name, value, follow_symlinks=follow)


def fill_xattrs(fill):
    folder = fill.folder(b"xattrs")
    at = lambda name: os.path.join(folder, name)
    capability = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)  # VFS_CAP_REVISION_2, effective
    small = {
        "user.small": b"value",
        "user.empty": b"",
        "user.binary": bytes(range(256)),
        "trusted.hidden": b"for root",
        "security.capability": capability,
        "security.other": b"label\0",
    }
    sets = {
        b"small": small,
        b"one": {"user.a": b"1"},
        b"name-of-255": {"user." + "n" * 250: b"long name"},
        b"utf8": {"user.caf\u00e9": b"accent", "user.with space": b"space"},
        b"many": {"user.key%02d" % n: b"v" * n for n in range(40)},
        b"many-more": {"user.k%03d" % n: fill.data(n, "random") for n in range(200)},
    }
    for size in (100, 500, 1000, 2000, 3000, 3900, 4096, 8000, 16000, 40000, 65536):
        sets[b"size-%d" % size] = {"user.large": fill.data(size, "random")}
    for name, values in sets.items():
        fill.file(at(name), 500)
        put_xattrs(fill, at(name), values)
    # The same values again and again: ext4 shares the block, EROFS the value.
    for number in range(30):
        fill.file(at(b"same-%d" % number), 0)
        put_xattrs(fill, at(b"same-%d" % number), {"user.shared": b"same" * 60, "user.x": b"y"})
    fill.folder(b"xattrs", b"dir")
    del small["security.capability"]
    put_xattrs(fill, at(b"dir"), small)
    fill.attempt("symlink", os.symlink, b"one", at(b"symlink"))
    put_xattrs(fill, at(b"symlink"), {"trusted.on-symlink": b"yes", "security.on": b"s"}, False)
    fill.attempt("fifo", os.mknod, at(b"fifo"), stat.S_IFIFO | 0o600)
    put_xattrs(fill, at(b"fifo"), {"trusted.on-fifo": b"yes"})


def fill_acls(fill):
    folder = fill.folder(b"acls")
    at = lambda name: os.path.join(folder, name)
    fill.file(at(b"file"), 100)
    fill.file(at(b"large"), 100)
    fill.folder(b"acls", b"dir")
    many = ",".join("u:%d:rwx,g:%d:r-x" % (uid, uid) for uid in range(2000, 2040))

    def setfacl(arguments):
        done = subprocess.run(["setfacl", *arguments], capture_output=True, check=False)
        if done.returncode != 0:
            raise OSError(errno.EOPNOTSUPP, done.stderr.decode("utf-8", "replace"))

    fill.attempt("acl", setfacl, ["-m", "u:1000:rwx,g:4294967294:r-x,m::rw-", at(b"file")])
    fill.attempt("acl large", setfacl, ["-m", many, at(b"large")])
    fill.attempt("acl default", setfacl, ["-m", "u:7:r-x,d:u:7:rwx,d:g:8:---", at(b"dir")])
    fill.file(at(b"dir/inherits"), 10)
    fill.folder(b"acls", b"dir", b"inherits-too")


def fill_names(fill):
    folder = fill.folder(b"names")
    names = [
        b"n" * 255, b"n" * 254, "\u6f22".encode() * 85, "\U0001f600".encode() * 63,
        b"\xff\xfe not utf-8", b"latin1-caf\xe9", b"\xc3\x28", b"\xed\xa0\x80 surrogate", b"\x80",
        b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\x01\x02\x1f\x7f", b"new\nline", b"tab\there", b"\r",
        b"\x1b[31mred", b" leading", b"trailing ", b" ", b"dots...", b"...", b".hidden", b"..two",
        b"caf\xc3\xa9", b"cafe\xcc\x81", "\u212b".encode(), "\u00c5".encode(), "A\u030a".encode(),
        b"Case", b"CASE", b"case", b"cASE", "stra\u00dfe".encode(), b"STRASSE", "\u0130".encode(),
        b"CON", b"aux.txt", b"NUL", b"com1", b"COM\xc2\xb9", b"a:b", b"a:b:$DATA", b"what?", b"*",
        b"<>|", b'"quoted"', b"back\\slash", b"~", b"-rf", b"%41", b"'", b"$HOME", b"lost+found",
        "\u202egnp.exe".encode(), "\ufeffbom".encode(), "\u200b".encode(), "\ufffd".encode(),
        "\uf03a".encode(), "\u0645\u0631\u062d\u0628\u0627".encode(), b"x" * 143, b"a.b.c.d",
    ]  # fmt: skip
    for name in names:
        path = os.path.join(folder, name)
        fill.attempt("name", fill.write, path, name)
    for name in (b"\xff\xfe dir", b"dir\n", b"dir.", b" dir ", "\u00fcber".encode()):
        path = os.path.join(folder, b"d-" + name)
        if fill.attempt("name", os.mkdir, path):
            fill.attempt("name", os.symlink, name, os.path.join(path, name))


def fill_many(fill):
    """A directory that needs an index, with holes where 500 of its names were removed."""
    folder = fill.folder(b"many")
    at = lambda number: os.path.join(folder, b"entry-%d-%s" % (number, b"x" * (number % 60)))
    for number in range(3500):
        if number % 3 == 0 or number < 10:
            fill.attempt("file", fill.write, at(number), b"%d" % number if number % 9 == 0 else b"")
        elif number % 3 == 1:
            fill.attempt("link", os.link, at(number % 9), at(number))
        else:
            fill.attempt("symlink", os.symlink, b"entry-%d" % number, at(number))
    for number in range(50, 3500, 7):
        if os.path.lexists(at(number)):
            os.unlink(at(number))


def fill_deep(fill):
    """100 levels; and, but for the tools, a path longer than PATH_MAX."""
    chains = [(b"deep", 100, b"level-%d")]
    if not fill.for_tools:
        chains.append((b"deeper", 60, b"%d-" + b"a-name-long-enough-to-outgrow-PATH_MAX-" * 3))
    for top, levels, pattern in chains:
        fd = os.open(fill.folder(top), os.O_RDONLY | os.O_DIRECTORY)
        for level in range(levels):
            name = pattern % level
            if not fill.attempt("mkdir", os.mkdir, name, dir_fd=fd):
                break
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
            os.close(fd)
            fd = below
        leaf = os.open(b"leaf", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=fd)
        fill.attempt("file", os.write, leaf, b"the bottom of " + top)
        os.close(leaf)
        os.close(fd)


def fill_nested(fill):
    """A tree as people have them: folders in folders with small texts."""
    for path in (b"nest/a/b/c", b"nest/a/b/d", b"nest/e", b"nest/f/g", b"nest/empty"):
        fill.folder(path)
    for number in range(60):
        folder = [b"nest", b"nest/a", b"nest/a/b", b"nest/a/b/c", b"nest/f/g"][number % 5]
        name = os.path.join(fill.path(folder), b"document %d.txt" % number)
        fill.file(name, fill.random.randrange(20_000), ["text", "mixed"][number % 2])


def fill_times(fill):
    folder = fill.folder(b"times")
    for name, when in TIMES_NS.items():
        path = os.path.join(folder, name)
        fill.file(path, 5)
        fill.times[path] = when
        fill.attempt("mkdir", os.mkdir, path + b"-dir")
        fill.times[path + b"-dir"] = when


def fill_dirty(fill):
    """Writes and removes, so that what is free is not zero."""
    folder = fill.folder(b"removed")
    for number in range(40):
        path = os.path.join(folder, b"gone-%d" % number)
        if fill.file(path, 60_000, "random"):
            fd = os.open(path, os.O_RDONLY)
            # One fsync in ten is enough: it takes the others of its transaction with it.
            if number % 10 == 9:
                os.fsync(fd)
            os.close(fd)
    for name in os.listdir(folder):
        if name != b"gone-7":
            os.unlink(os.path.join(folder, name))


def fill_big(fill):
    """More than 32 bits of bytes; some 40 KB of them are data."""
    path = fill.path(b"big-over-4-GiB")

    def step():
        with open(path, "wb", buffering=0) as file:
            for at in (0, 2**31 - 5000, 2**32 - 5000, 2**32 + 2**20 + 1):
                file.seek(at)
                file.write(fill.data(10_000, "random"))
            file.truncate(2**32 + 2**21 + 4097)

    fill.attempt("big file", step)


def fill_subdirs(fill, count):
    folder = fill.folder(b"subdirs")
    for number in range(count):
        if not fill.attempt("mkdir", os.mkdir, os.path.join(folder, b"%d" % number)):
            break


def set_times(fill):
    """Every mtime, the insides of a directory before the directory itself."""
    for folder, names, files, fd in os.fwalk(fill.root, topdown=False, follow_symlinks=False):
        # In the order of names: of hard links, the last one's time is all of theirs.
        for name in sorted(files + names):
            set_time(fill, name, fd, os.path.join(folder, name))
    set_time(fill, fill.root, None, fill.root)


def set_time(fill, name, fd, path):
    key = zlib.crc32(os.path.relpath(path, fill.root), fill.seed)
    # 1973 to 2024, with nanoseconds.
    when = fill.times.get(path, (10**8 + key % 1_600_000_000) * 10**9 + key % 999_999_937)
    named = {} if fd is None else {"dir_fd": fd, "follow_symlinks": False}
    fill.attempt("utimes", os.utime, name, ns=(when, when), **named)


# The links and devices first: what needs an inode of its own shall not run out of them.
PARTS = [
    fill_deep, fill_kinds, fill_dirty, fill_sizes, fill_holes, fill_fragmented, fill_owners,
    fill_xattrs, fill_acls, fill_names, fill_many, fill_nested, fill_times,
]  # fmt: skip


def main(arguments):
    options = {"seed": 1, "for-tools": False, "xattr-room": 1 << 30, "big": False, "subdirs": 0}
    folders = []
    for argument in arguments:
        name, _, value = argument.removeprefix("--").partition("=")
        if argument.startswith("--") and name in options:
            options[name] = int(value) if value else True
        else:
            folders.append(os.fsencode(argument))
    if len(folders) != 1:
        sys.exit(__doc__)
    os.umask(0o022)
    fill = Filler(os.path.abspath(folders[0]), options)
    if options["subdirs"]:
        fill_subdirs(fill, options["subdirs"])
    else:
        for part in PARTS:
            part(fill)
        if options["big"]:
            fill_big(fill)
    set_times(fill)
    print(json.dumps({"made": fill.made, "skipped": fill.skipped}))


if __name__ == "__main__":
    main(sys.argv[1:])

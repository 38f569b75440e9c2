#!/usr/bin/env python3
"""Prints what this machine's own kernel sees of a directory tree, one JSON object a line.

    native-manifest.py DIR [--hash] [--hash-limit=BYTES]

It is the native half of the twin tests: `fsbridge manifest` prints the same for the same image.
The format, a line (keys in any order, lines sorted by the bytes of the full path):

    path | path64   starts with /, the root is "/"; base64 where the bytes are not UTF-8
    type            file directory symlink char block fifo socket
    mode            the low 12 bits of st_mode
    uid gid nlink
    size            files and symlinks only, bytes
    mtime           "SECONDS.NNNNNNNNN", seconds rounded down: half a second before 1970 is
                    "-1.500000000"
    rdev            [major, minor], devices only
    target|target64 symlinks
    xattrs          {name: base64 of the value}; absent where there are none
    sha256          with --hash: regular files (not those above --hash-limit)
    error           errno's name

Invariants:
1. An error never ends the walk. `error` is the first one met in the order: lstat, readlink, the
   xattrs, the data or the directory's entries. Where lstat fails, the line is path and error only;
   else every field that could be read stays, and so do the entries read before readdir failed.
2. A file system without xattrs (EOPNOTSUPP from listxattr) has none; that is no error.
3. Mount points below DIR are left out, whole. They are taken from /proc/self/mountinfo and not from
   st_dev, because btrfs gives every subvolume an st_dev of its own (fs/btrfs/inode.c, getattr).
4. Paths may be longer than PATH_MAX, trees deeper than Python's stack or the limit of open files:
   every call is relative to an anchor, an open directory at most ANCHOR_SPAN bytes of path above.
"""

import base64
import errno
import hashlib
import json
import os
import re
import stat
import sys

# PATH_MAX is 4096 with the final NUL; "/proc/self/fd/N/" and a name of 255 bytes must fit as well.
ANCHOR_SPAN = 3500
READ_BYTES = 1 << 20

TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symlink",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
}

# Numbers with two names: Linux's own (include/uapi/asm-generic/errno.h) is the one that counts.
ERRNO_NAMES = dict(errno.errorcode)
ERRNO_NAMES.update({11: "EAGAIN", 35: "EDEADLK", 95: "EOPNOTSUPP"})


def errno_name(error):
    return ERRNO_NAMES.get(error.errno, "E%d" % error.errno)


def put_bytes(line, key, value):
    """UTF-8 under `key`, anything else in base64 under `key`64."""
    try:
        line[key] = value.decode("utf-8")
    except UnicodeDecodeError:
        line[key + "64"] = base64.b64encode(value).decode("ascii")


def mtime_text(nanoseconds):
    seconds, rest = divmod(nanoseconds, 10**9)
    return "%d.%09d" % (seconds, rest)


class Anchor:
    """An open directory that entries below are reached through; closed with its last user."""

    def __init__(self, fd):
        self.fd = fd
        self.users = 1

    def release(self):
        self.users -= 1
        if self.users == 0:
            os.close(self.fd)


class Place:
    """Where an entry is: its path inside the tree, and an anchor with the way from there."""

    __slots__ = ("path", "anchor", "relative")

    def __init__(self, path, anchor, relative):
        self.path = path
        self.anchor = anchor
        self.relative = relative

    def child(self, name):
        path = self.path + (b"" if self.path == b"/" else b"/") + name
        relative = name if self.relative == b"." else self.relative + b"/" + name
        return Place(path, self.anchor, relative)

    def open(self, flags):
        flags |= os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(self.relative, flags, dir_fd=self.anchor.fd)

    def through_proc(self):
        """The path for calls that know no dir_fd. Its last part may be a symlink: do not follow."""
        return b"/proc/self/fd/%d/" % self.anchor.fd + self.relative


def note(line, error):
    line.setdefault("error", errno_name(error))


def read_xattrs(place, line):
    source = place.through_proc()
    try:
        names = os.listxattr(source, follow_symlinks=False)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            note(line, error)
        return
    values = {}
    for name in sorted(os.fsencode(name) for name in names):
        try:
            value = os.getxattr(source, name, follow_symlinks=False)
        except OSError as error:
            note(line, error)
            continue
        values[name.decode("utf-8", "replace")] = base64.b64encode(value).decode("ascii")
    if values:
        line["xattrs"] = values


def read_hash(place, line):
    try:
        fd = place.open(os.O_RDONLY | os.O_NONBLOCK)
        try:
            digest = hashlib.sha256()
            while chunk := os.read(fd, READ_BYTES):
                digest.update(chunk)
        finally:
            os.close(fd)
        line["sha256"] = digest.hexdigest()
    except OSError as error:
        note(line, error)


def read_entries(place, line):
    """The names in a directory: all, or those before readdir failed."""
    names = []
    try:
        fd = place.open(os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        note(line, error)
        return names
    try:
        with os.scandir(fd) as entries:
            for entry in entries:
                names.append(os.fsencode(entry.name))
    except OSError as error:
        note(line, error)
    finally:
        os.close(fd)
    # Taken from the end: the walk goes in the order of names, so that it is the same every time.
    names.sort(reverse=True)
    return names


def describe(place, options):
    """The line of one entry, and the names in it where it is a directory."""
    line = {}
    put_bytes(line, "path", place.path)
    try:
        found = os.stat(place.relative, dir_fd=place.anchor.fd, follow_symlinks=False)
    except OSError as error:
        note(line, error)
        return line, []
    kind = stat.S_IFMT(found.st_mode)
    line["type"] = TYPES.get(kind, "0%o" % kind)
    line["mode"] = found.st_mode & 0o7777
    line["uid"] = found.st_uid
    line["gid"] = found.st_gid
    line["nlink"] = found.st_nlink
    line["mtime"] = mtime_text(found.st_mtime_ns)
    if kind in (stat.S_IFREG, stat.S_IFLNK):
        line["size"] = found.st_size
    if kind in (stat.S_IFCHR, stat.S_IFBLK):
        line["rdev"] = [os.major(found.st_rdev), os.minor(found.st_rdev)]
    if kind == stat.S_IFLNK:
        try:
            put_bytes(line, "target", os.readlink(place.relative, dir_fd=place.anchor.fd))
        except OSError as error:
            note(line, error)
    read_xattrs(place, line)
    if kind == stat.S_IFREG and options["hash"] and found.st_size <= options["limit"]:
        read_hash(place, line)
    return line, read_entries(place, line) if kind == stat.S_IFDIR else []


def mount_points_below(root):
    """The paths, as in a manifest, that other file systems are mounted on."""
    points = set()
    prefix = os.path.realpath(root).rstrip(b"/") + b"/"
    with open("/proc/self/mountinfo", "rb") as table:
        for row in table:
            # proc(5): space, tab, newline and backslash are written as \ooo there.
            octal = re.compile(rb"\\([0-7]{3})")
            point = octal.sub(lambda m: bytes([int(m.group(1), 8)]), row.split(b" ")[4])
            if point.startswith(prefix):
                points.add(b"/" + point[len(prefix):])
    return points


def anchored(place):
    """The place a directory's children hang from: through a new anchor where the way got long."""
    if len(place.relative) > ANCHOR_SPAN - 256:
        fd = place.open(os.O_RDONLY | os.O_DIRECTORY)
        return Place(place.path, Anchor(fd), b".")
    place.anchor.users += 1
    return place


def manifest(root, options):
    """(path, JSON text) of every entry, in no particular order."""
    skipped = mount_points_below(root)
    top = Place(b"/", Anchor(os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)), b".")
    # A stack of directories under way: where their children hang from, and the names still to do.
    line, names = describe(top, options)
    yield top.path, json.dumps(line)
    under_way = [(top, names)]
    while under_way:
        parent, names = under_way[-1]
        if not names:
            under_way.pop()
            parent.anchor.release()
            continue
        place = parent.child(names.pop())
        if place.path in skipped:
            continue
        line, inside = describe(place, options)
        yield place.path, json.dumps(line)
        if inside:
            under_way.append((anchored(place), inside))


def main(arguments):
    options = {"hash": False, "limit": 1 << 63}
    folders = []
    for argument in arguments:
        if argument == "--hash":
            options["hash"] = True
        elif argument.startswith("--hash-limit="):
            options["limit"] = int(argument.split("=", 1)[1])
        else:
            folders.append(os.fsencode(argument))
    if len(folders) != 1:
        sys.exit("usage: native-manifest.py DIR [--hash] [--hash-limit=BYTES]")
    lines = sorted(manifest(folders[0], options), key=lambda pair: pair[0])
    for _path, text in lines:
        sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

#!/bin/sh
# Makes examples/sample-disk.img.zst: a GPT disk with an ext4, an XFS and a btrfs partition, with
# the real mkfs and the real kernel. Needs root, loop devices, sgdisk, the three mkfs and zstd. The
# disk is in the repository, so run this only to change it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
disk=$work/sample-disk.img
truncate -s 640M "$disk"
sgdisk -n 1:2048:+96M -t 1:8300 -c 1:documents -n 2:0:+320M -t 2:8300 -c 2:media \
  -n 3:0:+160M -t 3:8300 -c 3:snapshots "$disk" > /dev/null
attach() { # NUMBER: makes a loop device of one partition, because there may be no udev to do it
  set -- $(sgdisk -i "$1" "$disk" |
    sed -n 's/^First sector: \([0-9]*\).*/\1/p;s/^Last sector: \([0-9]*\).*/\1/p')
  losetup -f --show -o "$(($1 * 512))" --sizelimit "$((($2 - $1 + 1) * 512))" "$disk"
}
ext4=$(attach 1)
xfs=$(attach 2)
btrfs=$(attach 3)
finish() {
  umount "$work/m" 2>/dev/null || true
  losetup -d "$ext4" "$xfs" "$btrfs"
  rm -rf "$work"
}
trap finish EXIT
mkfs.ext4 -q -L documents -E lazy_itable_init=0,nodiscard "$ext4"
mkfs.xfs -q -L media -K "$xfs"
mkfs.btrfs -q -L snapshots -K "$btrfs"
mkdir "$work/m"

mount "$ext4" "$work/m"
mkdir -p "$work/m/letters" "$work/m/pictures"
echo 'Hello from an ext4 partition. This file was written by Linux.' > "$work/m/welcome.txt"
printf 'Dear reader,\n\nthe names beside me are for you to try.\n' > "$work/m/letters/Grüße an alle.txt"
ln -s letters/'Grüße an alle.txt' "$work/m/newest-letter"
ln "$work/m/welcome.txt" "$work/m/letters/the-same-file"
echo 'Windows calls this name reserved.' > "$work/m/aux.txt"
truncate -s 1G "$work/m/pictures/sparse-gigabyte.raw"
setfattr -n user.comment -v 'an extended attribute' "$work/m/welcome.txt"
umount "$work/m"

mount "$xfs" "$work/m"
mkdir "$work/m/songs"
for n in $(seq -w 1 200); do echo "verse $n" > "$work/m/songs/song-$n.txt"; done
umount "$work/m"

mount -o compress-force=zstd "$btrfs" "$work/m"
btrfs -q subvolume create "$work/m/home"
seq 1 20000 > "$work/m/home/numbers.txt"
btrfs -q subvolume snapshot -r "$work/m/home" "$work/m/home-yesterday"
echo 'changed since' >> "$work/m/home/numbers.txt"
umount "$work/m"

zstd -q -19 --long=27 -f "$disk" -o "$here/sample-disk.img.zst"
ls -l "$here/sample-disk.img.zst"

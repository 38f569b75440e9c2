#!/bin/sh
# Backs a Linux disk up with restic, through a read-only mount: not one byte of the disk changes, and a
# journal that waits for its replay is replayed in memory, so that the backup is consistent.
#   sh examples/backup.sh SOURCE REPOSITORY [fsbridge mount's options, such as --volume 2]
# RESTIC_PASSWORD (or restic's other variables) say how the repository is opened.
set -eu
if [ $# -lt 2 ]; then
  echo "fsbridge: backup.sh: SOURCE and REPOSITORY are needed (ERR_USAGE)" >&2
  echo "Use: sh examples/backup.sh disk.img ./repository --volume documents" >&2
  exit 2
fi
source=$1
repository=$2
shift 2
fsbridge=$(cd "$(dirname "$0")/.." && pwd)/bin/fsbridge
command -v restic >/dev/null || { echo "fsbridge: backup.sh: restic is not installed (ENOENT)" >&2; exit 1; }
point=$(mktemp -d)
finish() {
  "$fsbridge" umount "$point" || :
  rmdir "$point"
}
"$fsbridge" mount "$source" "$point" "$@"
trap finish EXIT
trap 'exit 130' INT TERM
restic --repo "$repository" cat config >/dev/null 2>&1 || restic --repo "$repository" init
# One snapshot's paths are the disk's own, whatever folder it is mounted at this time.
(cd "$point" && restic --repo "$repository" backup --host "$(basename "$source")" .)

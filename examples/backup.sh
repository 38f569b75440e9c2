#!/bin/sh
# Backs up a Linux disk with restic, through a read-only mount. Not one byte of the disk changes. If
# the disk has a journal to replay, it is replayed in memory, so that the backup is consistent.
#   sh examples/backup.sh SOURCE REPOSITORY [options of fsbridge mount, such as --volume 2]
# RESTIC_PASSWORD, or another variable of restic, opens the repository.
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
if ! command -v restic >/dev/null; then
  echo "fsbridge: backup.sh: restic is not installed (ENOENT)" >&2
  exit 1
fi
point=$(mktemp -d)
finish() {
  "$fsbridge" umount "$point" || :
  rmdir "$point"
}
"$fsbridge" mount "$source" "$point" "$@"
trap finish EXIT
trap 'exit 130' INT TERM
restic --repo "$repository" cat config >/dev/null 2>&1 || restic --repo "$repository" init
# From inside the mount, so that a snapshot has the disk's paths and not the mount's.
(cd "$point" && restic --repo "$repository" backup --host "$(basename "$source")" .)

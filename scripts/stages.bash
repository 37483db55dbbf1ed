# Sourced by scripts/test and scripts/lint: `stage NAME COMMAND…` runs a command and ends the script, naming the stage,
# at the first that fails. Leaves $root (the repository) and $bin (its environment's programs) behind.
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
bin=$root/.venv/bin
unset PYTHONDONTWRITEBYTECODE # hundreds of processes are started: each would compile all that it imports

stage() {
    local name=$1 status=0
    shift
    printf '== %s\n' "$name"
    "$@" || status=$?
    if ((status)); then
        printf '%s: the stage "%s" failed\n' "scripts/$(basename -- "$0")" "$name" >&2
        exit "$status"
    fi
}

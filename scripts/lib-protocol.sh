# shellcheck shell=bash
# lib-protocol.sh - what the tests share in which the client of Tests/interop/client speaks with a daemon; sourced after lib.sh.
#
# With `gtach` and `work` set there are
#
#   dev ARGUMENT...            the publisher's gtach
#   pack VERSION               packs that version of the trees of make-trees.py
#   until_true WHAT COMMAND... waits for a command that says yes, a minute at most
#   listens                    whether the publisher's daemon does; sets `address`

# shellcheck disable=SC2154
dev() { "$gtach" --home "$work/dev" --quiet "$@"; }
pack() { dev pack "$work/trees/$1" --name app --version "$1" >/dev/null; }
until_true() {
  local began=$SECONDS
  until "${@:2}"; do
    [ $((SECONDS - began)) -lt 60 ] || die "not within 60 s: $1"
    sleep 0.1
  done
}
# shellcheck disable=SC2034
listens() { address=$(dev status --json | sed -n 's/.*"listening" : "\(.*\)".*/\1/p') && [ -n "$address" ]; }

# The client's packages.
client_packages() { scripts/python-packages.sh tuf==7.0.1 securesystemslib==1.6.0 cryptography zstandard; }

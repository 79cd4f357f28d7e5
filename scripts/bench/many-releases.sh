#!/usr/bin/env bash
# many-releases.sh - what it costs to store, list, search and compare when a repository holds many releases.
#
#   scripts/bench/many-releases.sh [NUMBER...]      1,000, 10,000 and 100,000 releases unless told otherwise
#
# A temporary home with that many releases, 50 of each package, written as directories that gtach reads like its own; they
# share one small archive. Seconds of one processor and seconds of the clock, files in the page cache, of
#
#   list for the first time (every manifest is read), list again, search by prefix and author, search --name,
#   pack of one more small release, the search after it, reindex, the start of a daemon until it answers (every release
#   goes into the index digest), and of that daemon for one `gtach sync` (its inputs, each of which compares the digest).
#
# The peers, from the same run over the same rows: `find` and `jq` over the manifests, which is all that one has without an
# index; `apt-cache search`, as apt too keeps a binary index derived from text and compares the files' times each time it is
# asked, and `apt-get update`, which makes its index; and a bare `sqlite3` with FTS5, which compares nothing with anything,
# asked alone: what searching costs at the least.
set -eu
. "$(dirname "$0")/../lib.sh"

for tool in jq sqlite3; do have "$tool" || scripts/install-dependencies.sh bench; done
have apt-cache || die "needs apt-cache, which only Debian has"
gtach=$(scripts/build.sh release | tail -1)
work=$(scratch gtach-many)
trap 'rm -rf "$work"' EXIT
[ $# -gt 0 ] || set -- 1000 10000 100000
for count in "$@"; do python3 scripts/bench/many-releases.py "$gtach" "$work" "$count"; done

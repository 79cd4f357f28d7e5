#!/usr/bin/env bash
# test-dissector.sh - tshark names every message and field of a captured session (Protocol/gtach.lua).
#
#   scripts/test-dissector.sh
#
# In a network namespace of its own dumpcap captures the loopback, while the client of Tests/interop/client joins,
# lists, watches and fetches, and a second node of gtach's fetches, too, from a daemon that writes its TLS keys
# (--debug-tls-keys). What tshark makes of the capture is compared with the table of messages in Protocol/README.md, and
# with what the client says that it sent and received (Tests/interop/check-dissection.py). Where capturing is not
# permitted, that is a failure. The frames of Protocol/vectors are read as well, whole and in single bytes.
# GTACH_BINARY=FILE uses a binary that was built elsewhere.
set -eu
. "$(dirname "$0")/lib.sh"
. scripts/lib-protocol.sh

if [ "${1:-}" != inside ]; then
  for program in dumpcap tshark unshare ip; do
    have "$program" || die "FAILED: $program is missing: run scripts/install-dependencies.sh test"
  done
  GTACH_BINARY=${GTACH_BINARY:-$(scripts/build.sh release | tail -1)}
  PYTHONPATH=$(client_packages)
  export GTACH_BINARY PYTHONPATH PYTHONDONTWRITEBYTECODE=1
  # Who is not root may be root of a namespace, where the kernel allows that.
  rights=(--net)
  [ "$(id -u)" = 0 ] || rights+=(--user --map-root-user)
  unshare "${rights[@]}" true || die "FAILED: this machine's kernel or container allows no network namespaces"
  exec unshare "${rights[@]}" -- "$0" inside
fi

gtach=$GTACH_BINARY
work=$(scratch gtach-dissector)
processes=''
finish() {
  local status=$? process
  for process in $processes; do kill "$process" 2>/dev/null || true; wait "$process" 2>/dev/null || true; done
  if [ "$status" != 0 ]; then tail -n 20 "$work"/*.log >&2 || true; fi
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

client() { python3 Tests/interop/client/client.py "$@" >>"$work/client.log"; }
# Since 4.4 tshark runs no scripts for root; this process's files are readable under any name.
dissect() {
  unshare --user --map-user=65534 --map-group=65534 -- \
    tshark -X lua_script:Protocol/gtach.lua -Y gtach "$@" 2>>"$work/tshark.log"
}
# A datagram that carries a word, sent until the capture's file has it.
captured() {
  echo "$1" >/dev/udp/127.0.0.1/9
  grep -qa "$1" "$work/capture"
}

ip link set lo up || die "FAILED: this machine does not permit to set up a network namespace"
touch "$work/capture"
dumpcap -q -i lo -B 64 -w "$work/capture" 2>"$work/dumpcap.log" &
dumpcap=$!
processes=$dumpcap
began=$SECONDS
until captured gtach-capture-begins; do
  kill -0 "$dumpcap" 2>/dev/null || die "FAILED: capturing is not permitted here, or does not work"
  [ $((SECONDS - began)) -lt 60 ] || die "FAILED: dumpcap captures nothing"
  sleep 0.1
done

python3 Tests/interop/client/make-trees.py "$work/trees"
dev init --fleet capture --node dev >/dev/null
pack 1.0.0
"$gtach" --home "$work/dev" node --listen 127.0.0.1:0 --no-mdns --debug-tls-keys "$work/keys" >"$work/daemon.log" 2>&1 &
daemon=$!
processes="$daemon $processes"
until_true 'the daemon listens' listens

export GTACH_CLIENT_TRACE=$work/trace
client "$work/py" join "$(dev invite py | tail -1)"
client "$work/py" fetch "$address" app/1.0.0/any
client "$work/py" watch "$address" &
watch=$!
until_true 'the client watches' grep -q '"metadataVersion"' "$work/client.log"
pack 1.1.0
wait "$watch" || die "watch ended with an error"
client "$work/py" list "$address"
client "$work/py" fetch "$address" app/1.1.0/any --chunks
python3 Tests/interop/client/check-node.py "$work/py" "$address" requests swarming >>"$work/client.log"
"$gtach" --home "$work/other" --quiet join "$(dev invite other | tail -1)" >/dev/null
"$gtach" --home "$work/other" --quiet sync app --no-mdns --peer "$address" >/dev/null
kill "$daemon"
wait "$daemon" || die "the daemon ended with an error"
until_true 'all of it is captured' captured gtach-capture-ends
kill -INT "$dumpcap"
wait "$dumpcap" || die "dumpcap ended with an error"
processes=''

[ "$(stat -c %a "$work/keys")" = 600 ] || die "others may read the TLS keys"
dissect -o "tls.keylog_file:$work/keys" -r "$work/capture" -T pdml >"$work/pdml"
# These are on plain TCP.
python3 Tests/interop/write-vectors-capture.py "$work/vectors" "$work/expected"
dissect -d tcp.port==7421,gtach -r "$work/vectors" -T fields -e tcp.srcport -e gtach.name -e _ws.expert.message |
  awk -F '\t' '{ print $1, $3 != "" ? $3 : $2 }' | diff "$work/expected" - ||
  die "gtach.lua does not read the vectors as it should: > is what it says"
echo "ok: $(wc -l <"$work/expected") connections of the vectors"
python3 Tests/interop/check-dissection.py "$work/pdml" "$work/trace"

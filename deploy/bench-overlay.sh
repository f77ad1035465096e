#!/bin/sh
# Measures the tunnel between two live nodes with ping and iperf3; changes nothing (docs/spec/tools.md §11).
set -u

usage() {
  cat <<'TEXT'
usage: bench-overlay serve OVERLAY_IP
       bench-overlay OVERLAY_IP [-t SECS] [-P STREAMS] [-n PINGS] [-u] [-d DIRECT_IP]

  serve OVERLAY_IP  on the one node: its own address in the mesh
  OVERLAY_IP        on the other: that address
  -t SECS           per measurement (20)
  -P STREAMS        of the parallel one (4)
  -n PINGS          (20)
  -u                UDP too: unlimited, and in payloads of 64 bytes
  -d DIRECT_IP      the same node outside of the tunnel, to compare with; it needs
                    "iperf3 -s -B DIRECT_IP" there
TEXT
}

refuse() {
  echo "bench-overlay: $1; see --help" >&2
  exit 2
}

need() {
  command -v "$1" >/dev/null 2>&1 || {
    echo "bench-overlay: $1 is missing (apt-get install $2)" >&2
    exit 3
  }
}

number() {
  case $2 in
    '' | *[!0-9]* | 0*) refuse "$1 needs a whole number above 0" ;;
  esac
}

address() {
  case $1 in
    '' | *[!0-9.]*) refuse "$2 is not an IPv4 address" ;;
  esac
}

CLIENT=${SUBNETRA_BIN:-subnetra}
SECS=20 STREAMS=4 PINGS=20
UDP="" DIRECT="" TARGET="" SERVE=""

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    -u) UDP=1 ;;
    -t | -P | -n | -d)
      [ $# -gt 1 ] || refuse "$1 needs a value"
      case $1 in
        -t) number -t "$2"; SECS=$2 ;;
        -P) number -P "$2"; STREAMS=$2 ;;
        -n) number -n "$2"; PINGS=$2 ;;
        -d) address "$2" "the value of -d"; DIRECT=$2 ;;
      esac
      shift ;;
    -*) refuse "unknown argument" ;;
    serve)
      [ -z "$SERVE$TARGET" ] || refuse "a word too many"
      SERVE=1 ;;
    *)
      [ -z "$TARGET" ] || refuse "a word too many"
      address "$1" "$1"
      TARGET=$1 ;;
  esac
  shift
done
[ -n "$TARGET" ] || refuse "an overlay address is required"

if [ -n "$SERVE" ]; then
  need iperf3 iperf3
  # Bound to the overlay address: only what comes through the tunnel reaches it.
  exec iperf3 -s -B "$TARGET"
fi
need ping iputils-ping
need iperf3 iperf3

# The counters of the daemon here, one "name value" a line; nothing when there is no daemon to ask.
counters() {
  "$CLIENT" status --json 2>/dev/null | tr -d ' \n' | sed -n 's/.*"counters":{\([^}]*\)}.*/\1/p' | tr ',' '\n' | tr -d '"' | tr ':' ' '
}

# row LABEL TEXT
row() {
  printf '  %-18s%s\n' "$1" "$2"
}

# Mbit/s of the receiver, and what UDP lost, from the report of iperf3 on standard input.
rate() {
  awk '/receiver/ {
    loss = ""
    for (i = 2; i <= NF; i++) {
      if ($i == "Mbits/sec") mbit = $(i - 1)
      if ($i ~ /%\)$/) loss = $i
    }
  }
  END { if (mbit != "") { gsub(/[()]/, "", loss); print mbit " Mbit/s" (loss == "" ? "" : ", loss " loss) } }'
}

# tcp ADDRESS OPTION…: one measurement, or why there is none.
measure() {
  to=$1
  shift
  report=$(iperf3 -c "$to" --connect-timeout 3000 -f m -t "$SECS" "$@" 2>&1)
  result=$(printf '%s\n' "$report" | rate)
  [ -n "$result" ] || result="failed: $(printf '%s\n' "$report" | grep -i error | tail -1)"
  printf '%s' "$result"
}

echo "bench-overlay: $TARGET  secs=$SECS streams=$STREAMS pings=$PINGS"
before=$(counters)

pinged=$(ping -c "$PINGS" "$TARGET" 2>&1)
received=$(printf '%s\n' "$pinged" | sed -n 's/.* \([0-9][0-9]*\) \(packets \)*received.*/\1/p')
loss=$(printf '%s\n' "$pinged" | sed -n 's/.* \([0-9.]*%\) packet loss.*/\1/p')
times=$(printf '%s\n' "$pinged" | sed -n 's|.*= *\([0-9.]*/[0-9.]*/[0-9.]*\).*|\1|p')
if [ "${received:-0}" -gt 0 ]; then
  row ping "rtt min/avg/max $times ms, loss $loss"
  answered=0
else
  row ping "no answer"
  answered=1
fi

overlay=$(measure "$TARGET")
row "TCP 1 stream" "$overlay"
row "TCP $STREAMS streams" "$(measure "$TARGET" -P "$STREAMS")"
row "TCP reverse" "$(measure "$TARGET" -R)"
if [ -n "$UDP" ]; then
  row "UDP unlimited" "$(measure "$TARGET" -u -b 0)"
  row "UDP 64 bytes" "$(measure "$TARGET" -u -b 0 -l 64)"
fi
if [ -n "$DIRECT" ]; then
  direct=$(measure "$DIRECT")
  row "direct 1 stream" "$direct"
  percent=$(printf '%s\n%s\n' "$overlay" "$direct" |
    awk '$2 != "Mbit/s" { bad = 1 } { mbit[NR] = $1 } END { if (!bad && mbit[2] > 0) printf "%.1f", (1 - mbit[1] / mbit[2]) * 100 }')
  [ -z "$percent" ] || row overhead "$percent %"
fi

after=$(counters)
if [ -n "$before" ] && [ -n "$after" ]; then
  echo "  counters of this node that changed:"
  printf '%s\n--\n%s\n' "$before" "$after" | awk '
    $1 == "--" { second = 1; next }
    !second { was[$1] = $2 ""; next }
    was[$1] != ($2 "") { printf "    %-28s %s -> %s\n", $1, was[$1], $2 }'
else
  echo "  (no status from the daemon here: $CLIENT status)"
fi
exit "$answered"

#!/bin/sh
# Checks the model with Spin (Debian: apt-get install spin gcc). Usage: ./check.sh [memory in MB, default 6000].
# Within the bounds below the protocol holds in every reachable state (up to hash collisions of 64 bits), and each of eight
# weakenings is caught with the shortest story. docs/protocol.md says how large the searches are and how long they took.
set -eu
model=$(cd "$(dirname "$0")" && pwd)/lease.pml
memory=${1:-6000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
status=0
build() { # CFLAGS FLAGS...
  cflags=$1
  shift
  spin -a "$@" "$model" >/dev/null
  cc -w -O2 -DSAFETY -DNOREDUCE -DHC4 -DMEMLIM="$memory" $cflags -o pan pan.c
}
figures() { # what pan said of states, depth, memory and time
  states=$(sed -n 's/ *\([0-9.e+]*\) states, stored.*/\1/p' out | head -1)
  depth=$(sed -n 's/.*depth reached \([0-9]*\),.*/\1/p' out | head -1)
  megabytes=$(sed -n 's/ *\([0-9]*\)[0-9.]*.total actual memory usage.*/\1/p' out | head -1)
  seconds=$(sed -n 's/pan: elapsed time \([0-9.e+]*\) seconds.*/\1/p' out | head -1)
}
holds() { # SENTENCE FLAGS...: depth first, whole
  sentence=$1
  shift
  build "" "$@"
  ./pan -m5000000 -w24 >out 2>&1 || true
  figures
  if grep -q "errors: 0" out && ! grep -q "not completed\|depth too small\|reached -DMEMLIM\|out of memory" out; then
    echo "$sentence ($*): holds in all $states states, depth $depth, $megabytes MB, $seconds s"
  else echo "$sentence ($*): VIOLATED, OR NOT SEARCHED WHOLE"; status=1; fi
}
breaks() { # SENTENCE FLAGS...: breadth first, shortest story
  sentence=$1
  shift
  build -DBFS "$@"
  ./pan -w24 >out 2>&1 || true
  figures
  if grep -q "assertion violated" out; then echo "$sentence ($*): caught after $depth steps, $states states, $seconds s"
  else echo "$sentence ($*): NOT CAUGHT"; status=1; fi
}
holds "takeover" -DWARM -DTRIES0=0
holds "takeover and a crash" -DWARM -DTRIES0=0 -DCRASHES=1
holds "the former owner returns and takes over again" -DLATE -DTRIES1=0
holds "the same and a crash" -DLATE -DTRIES1=0 -DCRASHES=1 -DTF=1
holds "release beside a claim" -DWARM -DRELEASES=1 -DPATIENT -DTF=1
breaks "lease timed from the answer" -DACKTIME -DWARM -DTRIES0=0
breaks "takeover without a fence" -DNOFENCE -DWARM -DTRIES0=0
breaks "D_A = T_fence" -DSHORT -DWARM -DTRIES0=0
breaks "a lease from one voter" -DONEACK -DWARM -DTRIES0=0
breaks "a voter restarts without quarantine" -DNOQUAR -DWARM -DTRIES0=0 -DCRASHES=1
breaks "registers not durable" -DVOLATILE -DWARM -DTRIES0=0 -DCRASHES=1
breaks "a release told before it is forgotten" -DTOLDFIRST -DWARM -DRELEASES=1 -DTF=1
breaks "a new incarnation beside the old copy" -DEARLYINC -DLATE -DTRIES1=0 -DTF=1 -DPATIENT
exit $status

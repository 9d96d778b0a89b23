#!/bin/sh
# Checks the model with Spin (Debian: apt-get install spin gcc). Usage: ./check.sh [memory in MB, default 6000]; about 8 minutes.
# Within the bounds below the protocol must hold in every reachable state (up to hash collisions of 64 bits), and three weakenings
# must be caught. The other weakenings of lease.pml lie deeper than a search of 60 million states: the simulator is for those.
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
holds() { # FLAGS...: depth first, whole
  build "" "$@"
  ./pan -m3000000 -w26 >out 2>&1 || true
  states=$(sed -n 's/ *\([0-9.e+]*\) states, stored.*/\1/p' out | head -1)
  if grep -q "errors: 0" out && ! grep -q "not completed\|depth too small\|reached -DMEMLIM\|out of memory" out; then echo "$*: holds in all $states states"
  else echo "$*: violated, or not searched whole"; status=1; fi
}
breaks() { # FLAGS...: breadth first, shortest story
  build -DBFS "$@"
  ./pan -w24 >out 2>&1 || true
  if grep -q "assertion violated" out; then echo "$*: caught"; else echo "$*: NOT CAUGHT"; status=1; fi
}
holds -DCRASHES=0 -DRELEASES=0 -DMAXBAL=1
holds -DWARM -DCRASHES=0 -DRELEASES=0 -DMAXBAL=1
holds -DWARM -DCRASHES=1 -DRELEASES=0 -DMAXBAL=1
for weakening in ACKTIME NOFENCE SHORT; do breaks -D$weakening -DWARM -DCRASHES=0 -DRELEASES=0; done
exit $status

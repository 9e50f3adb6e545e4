#!/bin/sh
# Where a machine's own script hands over: first-boot LAUNCH.json. May be started again at any time.
here=$(dirname "$(readlink -f "$0")")
exec "$here/bin/node" "$here/app/first-boot.js" "$@"

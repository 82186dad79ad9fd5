#!/bin/sh
# A specification from a script: `-` is standard input, and --set gives it values that can't become
# structure, whatever they hold.
set -eu
NSBOX=${NSBOX:-nsbox}
"$NSBOX" up --set "GREETING=${1:-hello: [from a script]}" - <<'SPEC'
nsbox: 1
name: from-stdin
mounts:
  - /usr
  - {type: symlink, target: /bin, to: usr/bin}
  - {type: symlink, target: /lib, to: usr/lib}
  - {type: symlink, target: /lib64, to: usr/lib64}
  - {type: proc, target: /proc}
process:
  command: [/bin/echo, "${GREETING}"]
SPEC

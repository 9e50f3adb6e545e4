#!/bin/sh
# Ends what a killed `holdfast` leaves behind. Usage: watchdog.sh DIRECTORY
#
# Reads lines from its stdin, whose other end only that program holds: "+PID" and "-PID" for process groups that begin and
# end, "." for an orderly end. When stdin ends without ".", the program is dead: end the groups, remove its directory.
trap '' INT TERM HUP
directory=$1
groups=

while read -r line; do
  case $line in
    .) exit 0 ;;
    +*) groups="$groups ${line#+}" ;;
    -*)
      left=
      for group in $groups; do
        [ "$group" = "${line#-}" ] || left="$left $group"
      done
      groups=$left
      ;;
  esac
done

signal_all() {
  for group in $groups; do kill -s "$1" -- "-$group" 2>/dev/null; done
}
any_left() {
  for group in $groups; do kill -s 0 -- "-$group" 2>/dev/null && return 0; done
  return 1
}

# Most have seen the end of their own stdin; give them the time to end well.
signal_all TERM
tries=0
while any_left && [ "$tries" -lt 10 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
signal_all KILL
rm -rf -- "$directory"

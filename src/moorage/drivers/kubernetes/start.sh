#!/bin/sh
# The first process of a workspace's container on Kubernetes.
#
#   start.sh UID GID USER CONTENT ENTRYPOINT… [-- COMMAND…]
#
# UID is the remote user's name, and GID empty, where nobody outside knew the numbers.
#
# Each start of a pod's container is a new container, so each gets an instance of its own: "POD_DIGITS", a folder
# below /var/lib/moorage with the journal of its hooks. A plan that was left for pods that start with no client
# present is begun here. Then the entrypoints run, and the command takes this process's place, or it waits.
set -u
here=/var/lib/moorage logs=/var/log/moorage given=/var/lib/moorage/pod

say() { printf 'moorage: %s\n' "$*" >&2; }

prepare() { # UID GID CONTENT; the name of the instance comes last: whoever reads it finds all of the rest
  pod=''
  read -r pod <"$given/name" || [ -n "$pod" ] || return 1 # that file has no end of a line
  read -r token </proc/sys/kernel/random/uuid || return 1
  instance=${pod}_${token%%-*}
  mkdir -m 0700 "$here/$instance" "$logs/$instance" || return 1
  cat "$given/runner.sh" >"$here/runner.sh.$$" && mv "$here/runner.sh.$$" "$here/runner.sh" || return 1
  printf '%s\n' "$3" >"$here/content" && : >"$here/$instance/journal" && printf 'prepared\n' >"$here/$instance/prepared" || return 1
  if [ "$1" != 0 ]; then
    chown -R "$1:$2" "$here/$instance" "$logs/$instance" 2>/dev/null ||
      chown -R "$1" "$here/$instance" "$logs/$instance" 2>/dev/null || :
  fi
  printf '%s\n' "$instance" >"$here/instance.$$" && mv "$here/instance.$$" "$here/instance"
}

own() { # UID GID CONTENT; a clone is root's where the user's number was not known. Folders come after their files
  case $1 in 0 | root) return ;; esac
  [ -z "$3" ] || [ ! -O "$3" ] || chown -R "$1:$2" "$3" 2>/dev/null || chown -R "$1" "$3" 2>/dev/null || :
}

resume() { # USER CONTENT; the runner's worker outlives this; where the files are not there yet, a client comes
  [ -s "$given/plan/script" ] || return 0
  [ -z "$2" ] || [ -d "$2" ] || return 0
  probe=none token=
  [ ! -s "$given/plan/probe" ] || read -r probe <"$given/plan/probe" || :
  read -r token </proc/sys/kernel/random/uuid
  /bin/sh "$given/inside.sh" as "$1" / /bin/sh "$here/runner.sh" run "$here/$instance" "$logs/$instance" \
    "$probe" 10 "$token" <"$given/plan/script" >/dev/null 2>&1 &
}

own "$1" "$2" "$4"
if prepare "$1" "$2" "$4"; then
  resume "$3" "$4"
else
  say "the folder $here could not be made ready"
fi
shift 4
trap 'exit 0' INT TERM
while [ "$#" -gt 0 ] && [ "$1" != -- ]; do
  /bin/sh -c "$1" &
  wait "$!" || say "an entrypoint failed: $1"
  shift
done
if [ "$#" -gt 1 ]; then
  shift
  trap - INT TERM
  exec "$@"
fi
while sleep 86400 & wait "$!"; [ "$?" -ne 127 ]; do :; done
exit 127

#!/bin/sh
# What the API server's exec cannot do by itself: another user, variables and a folder for a command; files.
#
#   inside.sh enter [FILE]           a command whose description comes first on standard input (or is in FILE)
#   inside.sh stash FILE             keep such a description for a command on a terminal
#   inside.sh as USER FOLDER ARGV…   a command as another user
#   inside.sh look [MARK]            the instance, its journal and environment: "NAME SIZE" and so many bytes, each;
#                                    what comes last has the rest. With MARK that follows, in a line of its own, and
#                                    what `enter` does, or nothing where standard input ends
#   inside.sh read PATH              "tar" and an archive, or "file" and a file's content; 3: not there, 4: no tar
#   inside.sh write FOLDER           unpack a tar archive from standard input
#   inside.sh exists PATH
#
# Variables never stand in an argument: those of the API's exec are in its log. Names of ours begin with moor_,
# as the container's own variables are here too, and what we set over them would reach the command.
set -u
moor_here=/var/lib/moorage
moor_nl='
'

moor_fail() { # CODE TEXT
  printf '%s\n' "$2" >&2
  exit "$1"
}

enter() {
  moor_terminal=''
  if [ "$#" -gt 0 ]; then
    moor_terminal=yes
    exec 3<"$1" || exit 125
    rm -f "$1"
  else
    exec 3<&0
  fi
  moor_user='' moor_folder='' moor_input='' moor_count=0 moor_sets=0 moor_last=moor_ignored moor_whole=''
  while IFS= read -r moor_line <&3; do
    moor_text=${moor_line#?}
    case $moor_line in
    +*) eval "$moor_last=\$$moor_last\$moor_nl\$moor_text" && continue ;;
    U*) moor_last=moor_user ;;
    D*) moor_last=moor_folder ;;
    I*) moor_last=moor_input ;;
    E*) moor_sets=$((moor_sets + 1)) moor_last=moor_e$moor_sets ;;
    A*) moor_count=$((moor_count + 1)) moor_last=moor_a$moor_count ;;
    go) moor_whole=yes && break ;;
    *) moor_last=moor_ignored ;;
    esac
    eval "$moor_last=\$moor_text"
  done
  [ -n "$moor_whole" ] || exit 125
  exec 3<&-
  [ -n "$moor_terminal$moor_input" ] || exec </dev/null
  moor_i=0
  set --
  while [ "$moor_i" -lt "$moor_count" ]; do
    moor_i=$((moor_i + 1))
    eval "set -- \"\$@\" \"\$moor_a$moor_i\""
  done
  case $moor_terminal:$moor_input in
  : | :open | yes:*) become "$@" ;;
  esac
  attended "$@"
}

attended() { # ARGV…; the end is told on stderr, and comes when the caller has ended the input: unread input
  exec 4>&2 2>/dev/null # would hold up the stream that carries the news. This shell has nothing to say itself.
  (exec 2>&4 4>&- && become "$@")
  moor_code=$?
  printf '\000%s' "$moor_input" >&4
  cat >/dev/null 4>&-
  exit "$moor_code"
}

stash() { # FILE
  umask 077
  cat >"$1"
}

as() { # USER FOLDER ARGV…
  moor_user=$1 moor_folder=$2 moor_sets=0
  shift 2
  become "$@"
}

become() { # ARGV…; never returns
  identify
  [ -z "$moor_user" ] || find_user
  moor_i=0
  while [ "$moor_i" -lt "$moor_sets" ]; do
    moor_i=$((moor_i + 1))
    eval "export \"\$moor_e$moor_i\""
  done
  if [ -n "$moor_folder" ]; then
    cd "$moor_folder" 2>/dev/null || moor_fail 126 "moorage: the folder $moor_folder cannot be entered"
  fi
  case $moor_me:$moor_uid:$moor_gid in
  0:0:"$moor_mine") exec "$@" ;;
  0:*) ;;
  "$moor_uid":*) exec "$@" ;;
  esac
  [ "$moor_me" = 0 ] || moor_fail 126 "moorage: user $moor_me of this container cannot become $moor_user"
  change "$@"
}

identify() { # our own ids, without a process
  moor_me=0 moor_mine=0
  while read -r moor_word moor_first moor_second moor_rest; do
    case $moor_word in
    Uid:) moor_me=$moor_second ;;
    Gid:) moor_mine=$moor_second && break ;;
    esac
  done </proc/self/status
  moor_uid=$moor_me moor_gid=$moor_mine moor_name='' moor_home=''
}

find_user() { # a name or a number, with or without a group
  moor_group=${moor_user#*:} moor_wanted=${moor_user%%:*} moor_own='' moor_found=''
  [ "$moor_group" != "$moor_user" ] || moor_group=''
  while IFS=: read -r moor_n moor_x moor_u moor_g moor_c moor_h moor_s || [ -n "$moor_n" ]; do
    [ "$moor_u" != "$moor_me" ] || moor_own=${moor_own:-$moor_h}
    [ -z "$moor_found" ] || continue
    if [ "$moor_n" = "$moor_wanted" ] || [ "$moor_u" = "$moor_wanted" ]; then
      moor_found=yes moor_name=$moor_n moor_uid=$moor_u moor_gid=$moor_g moor_home=$moor_h
    fi
  done 2>/dev/null </etc/passwd
  case $moor_found$moor_wanted in
  yes*) ;;
  *[!0-9]*) moor_fail 126 "unable to find user $moor_wanted: no matching entries in passwd file" ;;
  *) moor_uid=$moor_wanted moor_home=/ ;;
  esac
  case $moor_group in
  '') ;;
  *[!0-9]*) find_group ;;
  *) moor_gid=$moor_group ;;
  esac
  if [ -z "${HOME:-}" ] || [ "$HOME" = "$moor_own" ] || [ "$HOME" = / ]; then
    export HOME="${moor_home:-/}"
  fi
}

find_group() {
  while IFS=: read -r moor_n moor_x moor_g moor_c || [ -n "$moor_n" ]; do
    [ "$moor_n" != "$moor_group" ] || { moor_gid=$moor_g && return; }
  done 2>/dev/null </etc/group
  moor_fail 126 "unable to find group $moor_group: no matching entries in group file"
}

change() { # ARGV…; by the first program that the image has for it; each keeps the environment
  if setpriv --reuid=0 --regid=0 --clear-groups true 2>/dev/null; then
    if [ -n "$moor_name" ]; then moor_groups=--init-groups; else moor_groups=--clear-groups; fi
    exec setpriv "--reuid=$moor_uid" "--regid=$moor_gid" "$moor_groups" -- "$@"
  fi
  if [ -n "$moor_name" ] && [ -z "$moor_group" ] && command -v su >/dev/null; then
    exec su -m -s /bin/sh -c 'exec "$@"' -- "$moor_name" sh "$@"
  fi
  if chroot --userspec=0:0 / true 2>/dev/null; then
    exec chroot "--userspec=$moor_uid:$moor_gid" / /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$PWD" "$@"
  fi
  if [ -n "$moor_name" ] && busybox start-stop-daemon --help >/dev/null 2>&1; then # takes a group, as su does not
    exec busybox start-stop-daemon -S -p /moorage-none -c "$moor_uid:$moor_gid" -x /bin/sh -- \
      -c 'exec "$@"' sh "$@"
  fi
  moor_fail 126 "moorage: this image has neither setpriv nor su, which it takes to become $moor_user"
}

look() {
  moor_i=0
  until [ -e "$moor_here/instance" ]; do # the first process writes it right after its start
    moor_i=$((moor_i + 1))
    [ "$moor_i" -lt 100 ] || exit 3
    sleep 0.05 2>/dev/null || sleep 1
  done
  IFS= read -r moor_instance <"$moor_here/instance"
  identify
  moor_content=no
  IFS= read -r moor_path <"$moor_here/content" && [ -d "$moor_path" ] && moor_content=yes
  printf 'instance %s\nuser %s\nfolder %s\ncontent %s\n' "$moor_instance" "$moor_me" "$PWD" "$moor_content"
  for moor_file in "$moor_here/$moor_instance"/prepared "$moor_here/$moor_instance"/journal \
    "$moor_here/$moor_instance"/env.*; do
    case $moor_file in *.*.*.part | *'*') continue ;; esac
    moor_size=0
    if [ -s "$moor_file" ]; then
      moor_size=$(wc -c <"$moor_file") || continue
    fi
    printf '%s %s\n' "${moor_file##*/}" "$((moor_size))"
    [ "$((moor_size))" = 0 ] || head -c "$((moor_size))" "$moor_file"
  done 2>/dev/null
  printf 'environ rest\n'
  cat "/proc/$$/environ"
  [ "$#" -gt 0 ] || return 0
  printf '\n%s\n' "$1"
  enter
}

read_path() {
  [ -e "$1" ] || [ -L "$1" ] || exit 3
  if command -v tar >/dev/null; then
    moor_path=${1%/}
    moor_base=${moor_path##*/}
    printf 'tar\n'
    cd -- "${moor_path%/*}/" && exec tar -cf - -- "${moor_base:-.}"
  fi
  [ -f "$1" ] || exit 4
  printf 'file\n'
  exec cat -- "$1"
}

write_folder() {
  command -v tar >/dev/null || exit 4
  cd -- "$1" && exec tar -xpf -
}

moor_verb=$1
shift
case $moor_verb in
enter | stash | as | look) "$moor_verb" "$@" ;;
read) read_path "$1" ;;
write) write_folder "$1" ;;
exists) [ -e "$1" ] || [ -L "$1" ] ;;
esac

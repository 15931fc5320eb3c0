#!/bin/sh
# Runs the lifecycle commands of one container, each once, in a process that outlives its client.
#
#   runner.sh run STATE LOGS PROBE SECONDS TOKEN           talk with a client, then follow the worker's log
#   runner.sh environment STATE LOGS PROBE SECONDS TOKEN   print what the user's shell makes of the environment
#   runner.sh own STATE UID GID NEW_UID NEW_GID HOME       as root: give the home to the user's new ids
#
# STATE holds `prepared`, `journal`, `env.PROBE` and the locks; LOGS one log a run. A lock is a file `lock.N` with
# "PID START TOKEN" of a worker; the highest N counts and is never removed, so that it can be taken over
# without a race by making N+1 (hard links appear whole and only once).
#
# Data never becomes shell text: the client's values come as lines on standard input (lifecycle/dialogue.py) and
# stay in variables; `eval` sees only names that this script makes from numbers.
set -u

main() {
  case $1 in
  member | dump) "$@" ;;
  *) serve "$@" ;;
  esac
}

serve() { # VERB STATE …
  verb=$1 state=$2 self=$0
  sh=${MOORAGE_SHELL:-/bin/sh} # another only in tests
  nl='
'
  exec 3<&0
  setsid=$(command -v setsid) || setsid=
  [ -n "$setsid" ] || set -m 2>/dev/null # then each job gets its group from the shell, where that works
  shift 2
  case $verb in run | environment) greet "$1" || exit 1 ;; esac
  "$verb" "$@"
}

# ── the client's side of a run ──

run() { # LOGS PROBE SECONDS TOKEN
  if ! held; then
    environment "$@"
    answer=$(detach $sh "$self" work "$state" "$@" <&3)
    case $answer in
    '') exit 0 ;; # the client went away before it said go: nothing was started
    broken*) printf '%s\n' "$answer" && exit 1 ;;
    esac
    held
  fi
  follow
}

greet() {
  printf 'moorage 1\n'
  logs=$1
  [ -w "$state" ] && [ -w "$logs" ] && return
  printf 'broken %s cannot be written by this user\n' "$state"
  return 1
}

follow() { # the log of lock n, until its worker ends or the client lets go of our input
  until [ -e "$logs/$n.log" ]; do
    alive "$pid" "$start" || exit 0
    pause
  done
  printf 'follow %s %s\n' "$n" "$holder"
  exec 5<"$logs/$n.log"
  IFS= read -r line <&3 >/dev/null 2>&1 5<&- &
  watcher=$!
  ticks=0
  while :; do
    alive "$pid" "$start"
    gone=$?
    cat <&5 # from where the last one stopped: the position belongs to the open file
    [ "$gone" = 0 ] && alive "$watcher" '' || break
    pause
  done
  kill "$watcher" 2>/dev/null
  wait "$watcher" 2>/dev/null
}

ticks=0
pause() {
  ticks=$((ticks + 1))
  if [ "$ticks" -lt 30 ]; then nap=0.01; elif [ "$ticks" -lt 60 ]; then nap=0.05; else nap=0.2; fi
  sleep "$nap" 2>/dev/null || sleep 1
}

# ── the environment that the user's shell makes ──

environment() { # LOGS PROBE SECONDS TOKEN
  file=$state/env.$2
  if [ "$2" = none ]; then
    status=none
  elif [ -e "$file" ]; then
    status=cached
  else
    probe "$2" "$3"
  fi
  printf 'environment %s\n' "$status"
  [ ! -e "$file" ] || cat "$file"
  printf '\0%s\n' "$4"
}

probe() { # KIND SECONDS; a shell that hangs or fails is remembered as an empty file, so it is waited for once
  shell=${SHELL:-}
  [ -n "$shell" ] || login_shell
  [ -x "$shell" ] || shell=/bin/sh
  case $shell:$1 in
  *pwsh:*) set -- "$2" -Login -Command ;;
  *:loginShell) set -- "$2" -lc ;;
  *:interactiveShell) set -- "$2" -ic ;;
  *) set -- "$2" -lic ;;
  esac
  seconds=$1 draft=$file.$$
  shift
  (exec $setsid "$shell" "$@" "$sh $self dump $draft") </dev/null >/dev/null 2>&1 3<&- &
  pid=$!
  probe_limit "$seconds" "$pid" </dev/null >/dev/null 2>&1 3<&- &
  wait "$pid" 2>/dev/null
  code=$?
  if [ -s "$draft" ]; then
    mv "$draft" "$file"
    status=fresh
  else
    rm -f "$draft" "$draft.part"
    : >"$file"
    status=failed
    [ "$code" = 137 ] && status=timeout
  fi
}

dump() { # FILE; what the user's shell gave to this process
  cat "/proc/$$/environ" >"$1.part" && mv "$1.part" "$1"
}

probe_limit() {
  doze "$1" 'alive "$pid" ""' || return
  kill -9 "-$2" || kill -9 "$2"
}

login_shell() {
  id=$(id -u 2>/dev/null)
  while IFS=: read -r _ _ uid _ _ _ entry; do
    [ "$uid" = "$id" ] && shell=$entry && break
  done </etc/passwd 2>/dev/null
}

# ── the worker: takes the lock and runs what is not done ──

work() { # LOGS PROBE SECONDS TOKEN; answers "acquired", "lost" or "broken …" on standard output
  logs=$1 kind=$2 seconds=$3 token=$4
  listen || exit 0
  acquire || exit 0
  ours=$n run=$logs/$n.run
  mkdir "$run" && : >"$logs/$n.log" || { echo "broken $logs cannot be written" && exit 1; }
  (echo acquired) # in a process of its own: the client may be gone, and a broken pipe kills
  exec </dev/null 3<&0 >>"$logs/$n.log" 2>/dev/null
  past=$nl$(cat "$state/journal")$nl
  note "run $ours"
  mark run "$ours"
  changed=
  if stages; then over=ok; else over=failed; fi
  rm -rf "$run"
  [ -z "$changed" ] || rm -f "$state"/env.*
  note "over $ours"
  release
  mark over "$over"
  # What the commands installed may have changed what the shell says: ask again, for whoever comes next.
  [ -z "$changed" ] || detach $sh "$self" environment "$state" "$logs" "$kind" "$seconds" - >/dev/null
}

listen() { # the script of the client; false when it ends without its last line
  count=0 settings=0 secrets=0 folder=/ limit='' last=ignored
  while IFS= read -r line; do
    text=${line#?}
    case $line in
    +*) eval "$last=\$$last\$nl\$text" && continue ;;
    F*) last=folder ;;
    L*) last=limit ;;
    S*) secrets=$((secrets + 1)); last=secret_$secrets ;;
    E*) setting export ;;
    U*) setting unset ;;
    G*) count=$((count + 1)); last=group_$count; eval "args_$count=0" ;;
    M*) last=mode_$count ;;
    K*) last=key_$count ;;
    H*) last=hash_$count ;;
    W*) last=witness_$count ;;
    X*) last=proof_$count ;;
    A*) eval "args_$count=\$((args_$count + 1)); last=moor_a${count}_\$args_$count" ;;
    go) return 0 ;;
    *) last=ignored ;;
    esac
    eval "$last=\$text"
  done
  return 1
}

setting() { # export or unset, applied in this order right before a command
  settings=$((settings + 1))
  last=moor_e$settings
  eval "moor_k$settings=$1"
}

held() { # the newest lock in n, pid, start, holder; true while its worker lives
  newest
  pid='' start='' holder=''
  { read -r pid start holder <"$state/lock.$n"; } 2>/dev/null || return 1
  alive "$pid" "$start"
}

newest() {
  n=0
  for file in "$state"/lock.*; do
    number=${file##*.}
    case $number in *[!0-9]*) continue ;; esac
    [ "$number" -gt "$n" ] && n=$number
  done
}

acquire() {
  draft=$state/draft.$$ tries=0
  identify
  printf '%s %s %s\n' "$$" "$start" "$token" >"$draft" 2>/dev/null || tries=99
  while ! held; do
    mine=$((n + 1)) tries=$((tries + 1))
    if [ "$tries" -gt 50 ]; then
      echo "broken no lock can be made in $state"
      return 1
    fi
    ln "$draft" "$state/lock.$mine" 2>/dev/null || continue
    newest
    if [ "$n" = "$mine" ]; then
      rm -f "$draft"
      end_orphans
      forget_older
      return 0
    fi
    rm -f "$state/lock.$mine" # another came, ended and cleaned up meanwhile: its number is higher
  done
  rm -f "$draft"
  echo lost
  return 1
}

release() { # whoever comes from here on need not wait for our last steps
  printf '0 0 %s\n' "$token" >"$draft" && mv "$draft" "$state/lock.$ours"
}

end_orphans() { # commands of a worker that was killed: what is to be run again must not be running still
  for file in "$logs"/*.run/pid.*; do
    [ -e "${file%/*}/end.${file##*.}" ] && continue
    { read -r pid start <"$file"; } 2>/dev/null || continue
    alive "$pid" "$start" || continue
    kill -9 "-$pid" 2>/dev/null || kill -9 "$pid" 2>/dev/null
  done
}

forget_older() {
  for file in "$state"/lock.* "$logs"/*.log "$logs"/*.run; do
    number=${file##*/}
    number=${number#lock.}
    number=${number%.*}
    case $number in *[!0-9]*) continue ;; esac
    kept=0
    case $file in *.log) kept=50 ;; esac
    [ "$number" -ge $((n - kept)) ] || rm -rf "$file"
  done
}

stages() { # groups one after another, the commands of one group side by side
  i=1 spoiled=
  while [ "$i" -le "$count" ]; do
    eval "group=\$group_$i"
    set --
    while [ "$i" -le "$count" ] && eval "[ \"\$group_$i\" = \"\$group\" ]"; do
      pending "$i" && set -- "$@" "$i"
      i=$((i + 1))
    done
    case $#:$secrets in
    0:*) ;;
    1:0) alone "$1" || return 1 ;;
    *) together "$@" || return 1 ;;
    esac
    [ "$key" = "$group" ] || [ "$mode" = always ] || stage_done
    witness "$((i - 1))"
  done
}

stage_done() { # of several commands
  case $past in *"${nl}done $group$nl"*) ;; *) note "done $group" ;; esac
}

witness() { # NUMBER of a group's last command; a file by which another tool knows that the group is done
  eval "path=\${witness_$1:-} proof=\${proof_$1:-}"
  [ -n "$path" ] && [ "$group" != "$spoiled" ] || return 0
  case $path in /*) ;; *) path=${HOME:-}/$path ;; esac
  mkdir -p "${path%/*}" && printf '%s' "$proof" >"$path" || :
}

pending() {
  eval "key=\$key_$1 mode=\$mode_$1"
  [ "$mode" != again ] || return 0
  case $past in
  *"${nl}done $key$nl"* | *"${nl}done $group$nl"*) mark skip "$1" "$key" && return 1 ;;
  esac
}

alone() {
  begin "$1"
  guard "$1"
  (enter "$1") 2>&1
  finish "$1" $?
}

together() { # each has a pipe for its output and tells its exit code through one they share
  ended=$run/ended.$1
  culprit=''
  if ! mkfifo "$ended"; then
    begin "$1"
    printf 'this image has no mkfifo, which commands side by side and secrets need\n'
    finish "$1" 127
    return
  fi
  exec 4<>"$ended"
  for n in "$@"; do
    mkfifo "$run/pipe.$n"
    begin "$n"
    filter "$n" <"$run/pipe.$n" &
    (enter "$n" member) >"$run/pipe.$n" 2>&1
    guard "$n"
  done
  exec 5<"$ended" 4>&- # from here its end is told when all that could write to it are gone
  left=$# result=0
  while [ "$left" -gt 0 ] && read -r word n code <&5; do
    case $word in
    ended) await_output "$n" "$code" "$@" ;;
    drained) [ -e "$run/end.$n" ] || conclude "$n" ;;
    esac
  done
  for n in "$@"; do
    [ -e "$run/end.$n" ] || conclude "$n" || :
  done
  exec 5<&-
  return "$result"
}

await_output() { # NUMBER CODE ALL…; half a second for the last output: a daemon may hold the pipe open for ever
  eval "code_$1=$2 mode=\$mode_$1"
  (sleep 0.5 || sleep 1; printf 'drained %s\n' "$1" 1<>"$ended") 2>/dev/null 5<&- &
  [ "$2" != 0 ] && [ "$mode" != optional ] && [ "$culprit" = '' ] || return 0
  culprit=$1
  shift 2
  cancel "$@"
}

conclude() { # NUMBER; without a word from it, it was killed
  eval "code=\${code_$1:-137}"
  left=$((left - 1))
  finish "$1" "$code" || result=1
}

cancel() { # the commands that have not ended; those that have not begun see the file
  : >"$run/cancel"
  signal_open TERM "$@"
  (sleep 1; signal_open KILL "$@") 5<&- &
}

signal_open() {
  signal=$1
  shift
  for n in "$@"; do
    [ -e "$run/end.$n" ] || signal_command "$signal" "$n"
  done
}

signal_command() { # SIGNAL NUMBER
  { read -r pid start <"$run/pid.$2"; } 2>/dev/null || return 0
  kill "-$1" "-$pid" 2>/dev/null || kill "-$1" "$pid" 2>/dev/null
}

begin() {
  eval "key=\$key_$1 mode=\$mode_$1 hash=\${hash_$1:-}"
  [ "$mode" = always ] || { note "begin $key" && note "was $hash $key" && changed=yes; }
  mark begin "$1" "$key"
}

finish() { # NUMBER CODE; false when the run must end
  eval "key=\$key_$1 mode=\$mode_$1"
  set -- "$1" "$2" ended
  : >"$run/end.$1"
  if [ "$2" != 0 ] && [ -e "$run/overdue.$1" ]; then
    signal_command KILL "$1"
    set -- "$1" 124 overdue
  elif [ "$2" != 0 ] && [ -e "$run/cancel" ] && [ "$1" != "$culprit" ]; then
    signal_command KILL "$1"
    mark end "$1" "$2" cancelled
    return 1
  fi
  case $mode:$2 in
  always:*) ;;
  *:0) note "done $key" ;;
  *) note "failed $2 $key" && spoiled=$group ;;
  esac
  mark end "$1" "$2" "$3"
  [ "$2" = 0 ] || [ "$mode" = optional ]
}

note() {
  printf '%s\n' "$*" >>"$state/journal"
}

mark() { # a line of the log that no command can have printed: it does not know the token
  printf '\n%s %s\n' "$token" "$*"
}

# ── one command ──

enter() { # NUMBER [member]; becomes the command. Nothing after the exports reads a variable of ours
  cd "$folder" 2>/dev/null || cd "${HOME:-/}" 2>/dev/null || cd /
  unset OLDPWD
  moor_n=$1 moor_i=0 moor_member=${2:-}
  set --
  eval "moor_count=\$args_$moor_n"
  while [ "$moor_i" -lt "$moor_count" ]; do
    moor_i=$((moor_i + 1))
    eval "set -- \"\$@\" \"\$moor_a${moor_n}_$moor_i\""
  done
  if [ -z "$moor_member" ]; then
    enlist "$run" "$moor_n"
    set -- exec $setsid "$@"
  elif [ -n "$setsid" ]; then
    set -- "$setsid" "$setsid" $sh "$self" member "$run" "$moor_n" "$setsid" "$@"
  else
    set -- background $sh "$self" member "$run" "$moor_n" '' "$@"
  fi
  moor_i=0 moor_count=$settings
  while [ "$moor_i" -lt "$moor_count" ]; do
    moor_i=$((moor_i + 1))
    eval "\$moor_k$moor_i \"\$moor_e$moor_i\""
  done
  "$@"
}

member() { # RUN NUMBER SETSID COMMAND…; one of several, in a process that has the command's environment already:
  # any variable that it set could be one of them
  moor_run=$1 moor_n=$2 moor_setsid=$3
  shift 3
  [ -n "$moor_setsid" ] || set -m 2>/dev/null
  (enlist "$moor_run" "$moor_n" && exec $moor_setsid "$@" 3<&- 4>&-)
  printf 'ended %s %s\n' "$moor_n" "$?" >&4
}

enlist() { # RUN NUMBER; say who leads the command's process group, unless it is cancelled already
  moor_run=$1 moor_n=$2
  IFS= read -r moor_stat </proc/self/stat
  set -- ${moor_stat##*) }
  printf '%s %s\n' "${moor_stat%% *}" "${20}" >"$moor_run/pid.$moor_n"
  [ ! -e "$moor_run/cancel" ] || exit 143
}

filter() { # NUMBER; marks each line with the command it came from, and hides the secrets in it
  while IFS= read -r line || [ -n "$line" ]; do
    moor_i=0
    while [ "$moor_i" -lt "$secrets" ]; do
      moor_i=$((moor_i + 1))
      eval "secret=\$secret_$moor_i"
      hide
    done
    printf '%s:%s %s\n' "$token" "$1" "$line"
  done
  printf 'drained %s\n' "$1" >&4
}

hide() {
  seen=
  while :; do
    case $line in
    *"$secret"*) seen="$seen${line%%"$secret"*}********" line=${line#*"$secret"} ;;
    *) break ;;
    esac
  done
  line=$seen$line
}

guard() { # ends the command when its time is over; ends itself within a second of the command
  [ -z "$limit" ] || guard_command "$1" </dev/null >/dev/null 2>&1 3<&- 4>&- &
}

guard_command() {
  doze "$limit" '[ -d "$run" ] && [ ! -e "$run/end.$number" ]' "$1" || return
  : >"$run/overdue.$1"
  signal_command TERM "$1"
  sleep 1
  [ -e "$run/end.$1" ] || signal_command KILL "$1"
}

# ── processes ──

detach() { # a process that is nobody's job, in a session (or group) of its own; unlike a background job of a
  # POSIX shell it does not ignore SIGINT. The second setsid forks, because the first made it a group leader.
  if [ -n "$setsid" ]; then
    "$setsid" "$setsid" "$@"
  else
    background "$@"
  fi
}

background() {
  set -m 2>/dev/null # then it has a group of its own and heeds SIGINT, where the shell can do that
  "$@" <&3 &
}

alive() { # PID START, or '' for any start; a zombie is not
  { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  set -- "$2" ${stat##*) }
  [ "${2:-Z}" != Z ] && [ "$2" != X ] && { [ -z "$1" ] || [ "${21:-}" = "$1" ]; }
}

identify() { # our own start, in clock ticks since boot
  IFS= read -r stat <"/proc/$$/stat"
  set -- ${stat##*) }
  start=${20}
}

doze() { # SECONDS CONDITION [NUMBER]; true when all the time has passed with the condition true
  number=${3:-} whole=${1%.*}
  case $1 in *.*) sleep "0.${1#*.}" || sleep 1 ;; esac
  while eval "$2"; do
    [ "${whole:-0}" -gt 0 ] || return 0
    whole=$((whole - 1))
    sleep 1
  done
  return 1
}

# ── ownership of the home ──

own() { # UID GID NEW_UID NEW_GID HOME; only what is the old user's, never across a mount
  if command -v find >/dev/null; then
    find "$5" -xdev -user "$1" -exec chown -h "$3" {} + || exit 1
    [ "$2" = "$4" ] || find "$5" -xdev -group "$2" -exec chown -h ":$4" {} + || exit 1
  else
    mounted_below "$5" && exit 3
    chown -hR "$3:$4" "$5" || exit 1
  fi
  printf 'owned\n' >>"$state/prepared" # not into the journal, which would become root's
}

mounted_below() {
  while read -r _ _ _ _ point _; do
    case $point in "$1"/*) return 0 ;; esac
  done </proc/self/mountinfo
  return 1
}

main "$@"

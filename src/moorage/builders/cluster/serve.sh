# The first process of a builder pod: BuildKit, until nobody has built anything for a while.
#   sh serve.sh SECONDS [PROGRAM ARGUMENT...]      without a program only clients run here
set -u
limit=$1
shift
place=$MOORAGE_PLACE
mkdir -p "$place/builds" "$place/authorities"
printf '%s' "${MOORAGE_AUTHORITIES:-}" >"$place/authorities/given.crt"
printf '%s' "${MOORAGE_SETTINGS:-}" >"$place/buildkitd.toml"
daemon=
if [ $# -gt 0 ]; then
	"$@" --config "$place/buildkitd.toml" --addr "unix://$place/buildkitd.sock" &
	daemon=$!
fi
finish() {
	[ -z "$daemon" ] || { kill "$daemon" 2>/dev/null && wait "$daemon"; }
	exit "$1"
}
trap 'finish 0' TERM INT
idle=0
while [ "$idle" -lt "$limit" ]; do
	sleep 5 &
	wait $!
	if [ -n "$daemon" ] && ! kill -0 "$daemon" 2>/dev/null; then
		wait "$daemon"
		exit 1
	fi
	idle=$((idle + 5))
	if rm "$place/used" 2>/dev/null || [ -n "$(ls -A "$place/builds")" ]; then
		idle=0
	fi
done
finish 0

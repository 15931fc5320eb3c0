# What a client runs in a builder pod. All that may be secret comes by standard input.
#   sh build.sh context SECOND          a tar archive on standard input; prints the folder it is in now
#   sh build.sh build FOLDER ADDRESS    a line with an archive in base64: arguments, Dockerfile, logins, secrets
# A context whose archive did not come whole is never built: the client asks for the build itself.
set -u
umask 022
place=${MOORAGE_PLACE:-/tmp/moorage}
say() {
	echo "$1" >&2
	exit 70
}
mkdir -p "$place/builds" || say "$place cannot be written"
: >"$place/used"

context() {
	work=$(mktemp -d "$place/builds/part.XXXXXX") && folder=$(mktemp -d "/var/tmp/moorage.XXXXXX") ||
		say "there is no room for a build context"
	trap 'rmdir "$work"' EXIT
	trap 'exit 143' TERM HUP INT PIPE
	chmod 755 "$folder"
	if tar -x -f - -C "$folder" && find "$folder" -type f -exec touch -d "@$1" {} +; then
		echo "$folder"
	else
		rm -rf "$folder"
		exit 71
	fi
}

build() {
	folder=$1 address=$2
	work=$(umask 077 && mktemp -d "$place/builds/build.XXXXXX") || say "there is no room for a build"
	trap 'rm -rf "$work" "$folder"' EXIT
	trap 'exit 143' TERM HUP INT
	IFS= read -r line && printf '%s' "$line" | (umask 077 && base64 -d | tar -x -f - -C "$work") ||
		say "the build did not come whole"
	line=
	[ -e "$folder" ] || say "the build context is gone"
	cd "$work" || exit 70
	export DOCKER_CONFIG="$work/docker"
	[ -z "$address" ] || export BUILDKIT_HOST="$address"
	tries=0
	until said=$(buildctl debug workers 2>&1); do
		tries=$((tries + 1))
		[ "$tries" -lt 300 ] || say "buildkitd does not answer${address:+ at $address}: $said"
		sleep 0.1
	done
	eval "set -- $(cat arguments)"
	buildctl "$@" --metadata-file metadata.json --local "context=$folder" || exit $?
	cat metadata.json
}

verb=$1
shift
"$verb" "$@"

#!/usr/bin/env bash
# The generic mutants: what gremlins makes of a package, against the tests that
# are about it.
#
#	fuzz/mutants/gremlins.sh ring|shard|engine [flags of gremlins unleash]
#
# Prints what was not killed, then the counts; SURVIVORS.md explains the rest.
# ring takes 3 minutes on two cores, shard and engine 2 hours each; with
# -E REGEXP for files to leave out it is done in parts.
#
# A `go` of our own stands in front of PATH, because gremlins v0.6.0
#   - counts a mutant that does not compile as killed: go test exits with 1 for
#     both, and gremlins expects 2;
#   - lets go vet kill mutants;
#   - runs the package's own tests only, while much of shard is tested from fuzz
#     and engine. They are asked about what the package's own tests let live.
# For the same reasons it does not get --test-cpu, which it passes on as one
# argument that go test does not know: then everything is "killed".
set -euo pipefail
cd "$(dirname "$0")/../.."

package=$1
shift
case $package in
ring) others="./fuzz ./shard" limit=15s ;;
shard) others="./fuzz ./engine" limit=40s ;;
engine) others="./bench" limit=60s ;;
*)
	echo "usage: $0 ring|shard|engine [flags of gremlins unleash]" >&2
	exit 2
	;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
module=$(go list -m)
cat >"$work/go" <<-WRAPPER
	#!/usr/bin/env bash
	go=$(command -v go)
	[ "\$1" = test ] || exec "\$go" "\$@"
	case " \$* " in
	*" -cover "*)
		args=("\${@:2}")
		exec "\$go" test -coverpkg "$module/$package" "\${args[@]}" $(printf ' %q' ${others//.\//$module/})
		;;
	esac
	for p in "$module/$package" ${others//.\//$module/}; do
		if ! said=\$("\$go" test -vet=off -failfast -timeout $limit "\$p" 2>&1); then
			case \$said in *"[build failed]"* | *"[setup failed]"*) exit 2 ;; esac
			exit 1
		fi
	done
WRAPPER
chmod +x "$work/go"

GOBIN=$work go install github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0
PATH=$work:$PATH nice -n 15 "$work/gremlins" unleash --workers 1 --timeout-coefficient 1000 \
	--invert-logical --invert-loopctrl --invert-bitwise --invert-bwassign \
	--invert-assignments --remove-self-assignments "$@" "./$package" | grep --line-buffered -v '^ *KILLED'

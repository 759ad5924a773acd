#!/usr/bin/env bash
# The generic mutants: what gremlins makes of a package, against the tests that
# are about it.
#
#	fuzz/mutants/gremlins.sh ring|shard|engine [flags of gremlins unleash]
#
# Prints what was not killed, then the counts; SURVIVORS.md explains the rest.
# On two cores ring takes 5 minutes, shard and engine hours: take them in parts,
# with -E REGEXP for the files to leave out. The working tree is not touched.
#
# A `go` of our own stands in front of PATH, because gremlins v0.6.0
#   - counts a mutant that does not compile as killed: go test exits with 1 for
#     both, and gremlins expects 2;
#   - lets go vet kill mutants;
#   - runs the package's own tests only, while much of shard is tested from fuzz
#     and engine. They are asked about what the package's own tests let live;
#   - leaves out what is not covered, and to Go's profiles the conditions of a
#     switch never are. So it is told that everything is covered.
# A test that runs into its -timeout has killed the mutant. --test-cpu must not be
# given: gremlins makes one argument of it that go test does not know, and then
# everything is "killed".
set -euo pipefail
cd "$(dirname "$0")/../.."

package=${1-}
case $package in
ring) others="fuzz shard" limit=15s ;;
shard) others="fuzz engine" limit=40s ;;
engine) others="bench" limit=60s ;;
*)
	echo "usage: $0 ring|shard|engine [flags of gremlins unleash]" >&2
	exit 2
	;;
esac
shift

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
module=$(go list -m)
cat >"$work/go" <<-WRAPPER
	#!/usr/bin/env bash
	[ "\$1" = test ] || exec "$(command -v go)" "\$@"
	while [ \$# -gt 0 ]; do
		if [ "\$1" = -coverprofile ]; then
			echo "mode: set" >"\$2"
			printf '%s:1.1,1000000.1 1 1\n' $(go list -f '{{range .GoFiles}}{{$.ImportPath}}/{{.}} {{end}}' "./$package") >>"\$2"
			sleep 1 # from which gremlins takes its own timeout
			exit
		fi
		shift
	done
	ulimit -v 8000000 # KiB, for mutants that take memory without end
	for p in $package $others; do
		if ! said=\$("$(command -v go)" test -vet=off -failfast -timeout $limit "$module/\$p" 2>&1); then
			case \$said in *"[build failed]"* | *"[setup failed]"*) exit 2 ;; esac
			exit 1
		fi
	done
WRAPPER
chmod +x "$work/go"

GOBIN=$work go install github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0
PATH=$work:$PATH nice -n 15 "$work/gremlins" unleash --workers 1 --timeout-coefficient 600 \
	--invert-logical --invert-loopctrl --invert-bitwise --invert-bwassign \
	--invert-assignments --remove-self-assignments "$@" "./$package" | grep --line-buffered -v '^ *KILLED'

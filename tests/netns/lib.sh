# SPDX-License-Identifier: BSD-2-Clause
#
# What the tests with labs share (POSIX sh). A script says
# `. "$(dirname "$0")/lib.sh"` first and `finish` last, and has then
#	$COHORT		the program: its first argument, the variable or ./cohort
#	$here		the directory of the script
#	$tmp		a directory of its own; labs are right in it or one
#			deeper and run in `run` beside them (COHORT_RUN)
# All of that is gone when it ends; what else has to be ended, `ending` does.
# Exit 77: no namespaces here.

set -u
export LC_ALL=C
COHORT=${1:-${COHORT:-./cohort}}
case $COHORT in
/*) ;;
*) COHORT=$(pwd)/$COHORT ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../words.sh"
need_namespaces
tmp=$(mktemp -d "/tmp/cohort-$(basename "$0" .sh).XXXXXX") || exit 1
export COHORT_RUN="$tmp/run"
logs="$tmp/run/*/log"

ending() {
	:
}

cleanup() {
	ending
	for _lab in "$tmp"/*/lab.clab.yml "$tmp"/*/*/lab.clab.yml; do
		_lab=$(dirname "$_lab")
		COHORT_RUN=$(dirname "$_lab")/run \
		    "$COHORT" lab down "$_lab" >/dev/null 2>&1
	done
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

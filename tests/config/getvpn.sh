#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# doc/getvpn.md and doc/ipsec.md say what becomes of each command and message
# of GETVPN and of IPsec between two routers: do they say the truth, and has
# each message of log.def a cause in the program? In the build directory
# `sh .../tests/config/getvpn.sh -u` writes the states anew.

srcdir=${srcdir:-$(dirname "$0")/../..}
builddir=${builddir:-.}
status=0
for doc in "$srcdir/doc/getvpn.md" "$srcdir/doc/ipsec.md"; do
	if [ "${1-}" = -u ]; then
		"$builddir/tests/config/table" -u "$doc" >getvpn.new &&
		    cat getvpn.new >"$doc"
		rm -f getvpn.new
		continue
	fi
	"$builddir/tests/config/table" "$doc" || {
		echo "if the program is right: make tests/config/table &&" \
		    "sh $srcdir/tests/config/getvpn.sh -u"
		status=1
	}
done
[ "${1-}" = -u ] && exit
for id in $(sed -n 's/^LOG(\([A-Z0-9_]*\),.*/LOG_\1/p' \
    "$srcdir/src/base/log.def"); do
	grep -rqw --include='*.c' "$id" "$srcdir/src" || {
		echo "$id is in log.def and nothing emits it"
		status=1
	}
done
exit $status

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# doc/getvpn.md, ipsec.md and nat.md say what becomes of each command and
# message of GETVPN, IPsec between two routers and NAT: do they say the truth, and has
# each message of log.def a cause in the program? In the build directory
# `sh .../tests/config/getvpn.sh -u` writes the states anew.

srcdir=${srcdir:-$(dirname "$0")/../..}
builddir=${builddir:-.}
status=0
for doc in getvpn ipsec nat; do
	doc=$srcdir/doc/$doc.md
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

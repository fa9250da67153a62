#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The line forms of real configurations, each by its class, and the commands
# of IOS for GETVPN.

for f in lines.txt ios.txt; do
	"$builddir/tests/config/lines" "$srcdir/tests/config/$f" || exit
done

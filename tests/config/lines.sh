#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The line forms of real configurations, each by its class, and the commands
# of IOS for GETVPN and NAT.

for f in lines.txt ios.txt nat.txt; do
	"$builddir/tests/config/lines" "$srcdir/tests/config/$f" || exit
done

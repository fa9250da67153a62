#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The line forms of real configurations, each by its class.

exec "$builddir/tests/config/lines" "$srcdir/tests/config/lines.txt"

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Golden configurations: NAME.in must print and report what NAME.ok holds.

exec "$builddir/tests/config/golden" "$srcdir"/tests/config/*.in

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The documents that tests write say what these tests see now.

exec sh "$srcdir/scripts/doc-tables" -n

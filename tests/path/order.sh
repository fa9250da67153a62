#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# doc/order-of-operations.md says what its test sees now.

exec sh "$srcdir/scripts/doc-tables" -n

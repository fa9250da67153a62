#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Every form of every command, as gramc wrote them into samples.txt.

exec "$builddir/tests/grammar/forms" "$builddir/samples.txt"

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Replays the stored corpus of every fuzz target, with seeded mutations. What
# the targets log about hostile input is not interesting here.

status=0
for dir in "$srcdir"/tests/fuzz/corpus/*/; do
	name=$(basename "$dir")
	if ! "$builddir/tests/fuzz/fuzz_$name" "$dir"* 2>"fuzz_$name.err"; then
		echo "FAIL  fuzz_$name"
		tail -n 30 "fuzz_$name.err"
		status=1
	fi
	rm -f "fuzz_$name.err"
done
exit $status

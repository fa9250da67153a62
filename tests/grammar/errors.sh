#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What gramc must refuse, with file and line. usage: errors.sh GRAMC
gramc=$1
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0

# name, expected message, grammar (mode config wraps it)
try() {
	printf 'mode config { record conf;\n%s\n}\n' "$3" >"$dir/t.cli"
	if ASAN_OPTIONS=detect_leaks=0 "$gramc" -h "$dir/h" -c "$dir/c" \
	    "$dir/t.cli" >"$dir/out" 2>&1; then
		echo "errors: $1: accepted"
		failed=$((failed + 1))
	elif ! grep -q "t.cli:[0-9]*: error: .*$2" "$dir/out"; then
		echo "errors: $1: $(cat "$dir/out")"
		failed=$((failed + 1))
	else
		passed=$((passed + 1))
	fi
}

try mode 'unknown mode nowhere' 'a "A" enter nowhere;'
try reach 'nothing enters mode lost' 'a "A"; } mode lost { b "B";'
try help 'b has no help' 'a "A" b;'
try helps 'has another help' 'a "A" b "B"; a "Other" c "C";'
try twice 'second definition of one form' 'a "A" b "B"; a "A" b "B";'
try optional 'second definition of one form' 'a "A" [ b "B" ]; a "A";'
try spelling 'printed in two ways' 'a~x "A" b "B"; a~y "A" c "C";'
try secret 'secret .* delivered to fwd' \
    'a "A" <hostname : word 20 secret> "S" deliver ike fwd;'
try defaults 'two defaults' \
    'a "A" <df_bit : u8 1..2> "N" default 1; b "B" <df_bit : u8 1..2> "N" default 2;'
try type 'unknown type' 'a "A" <hostname : words 3> "S";'
try range 'empty range' 'a "A" <df_bit : u8 5..2> "N";'
try string 'string does not end' 'a "A;'
try syntax 'expected before' 'a "A" }'
try macro 'unknown macro' 'a "A" $NONE;'

echo "errors: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

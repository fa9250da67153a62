#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# RSA keys in PEM form between a router and OpenSSL:
#
#   openssl genrsa, genpkey ---pasted---> crypto key import rsa
#   openssl rsa <------- what crypto key export rsa printed
#
# and what is refused; the passphrase in no memory but that of process ike.

set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../words.sh"
cohort=${1:-./cohort}
case $cohort in
/*) ;;
*) cohort=$(pwd)/$cohort ;;
esac
[ "$(id -u)" -eq 0 ] || { echo 'this test needs root'; exit 77; }
command -v openssl >/dev/null || { echo 'skipped: no openssl'; exit 77; }
if [ "${2:-}" != inside ]; then
	exec unshare -n sh "$here/openssl.sh" "$cohort" inside
fi
tmp=$(mktemp -d /tmp/cohort-openssl.XXXXXX) || exit 1
router=
cleanup() {
	[ -z "$router" ] || { kill "$router"; wait "$router"; } 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

rx() {
	"$cohort" exec -s "$tmp/st" R1 "$@"
}

config() { # config LINE...: in configuration mode
	rx 'configure terminal' "$@"
}

# paste LABEL OPTIONS PASS PUB PRV [FILTER]: a dialogue of import
paste() {
	{
		echo 'configure terminal'
		echo "crypto key import rsa $1 pem $2 terminal $3"
		{ cat "$4"; echo quit; cat "$5"; echo quit; } | sh -c "${6:-cat}"
	} >"$tmp/paste"
	rx - <"$tmp/paste"
}

public() { # public LABEL: as one line of hexadecimal digits
	rx "show crypto key mypubkey rsa $1" | sed '1,/Key Data/d' |
	    tr -d ' \n' | tr A-F a-f
}

of_openssl() { # of_openssl FILE: the same of a public PEM
	openssl pkey -pubin -in "$1" -outform DER | od -An -v -tx1 | tr -d ' \n'
}

took() { # took LABEL PUB: the router has exactly that key
	[ -n "$(of_openssl "$2")" ] && [ "$(public "$1")" = "$(of_openssl "$2")" ]
}

make_keys() {
	cd "$tmp" || return 1
	openssl genrsa -aes256 -traditional -passout pass:aes-secret \
	    -out old.prv 2048 &&
	    openssl rsa -in old.prv -passin pass:aes-secret -pubout -out old.pub &&
	    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
		-aes-128-cbc -pass pass:pk8-secret -out new.prv &&
	    openssl pkey -in new.prv -passin pass:pk8-secret -pubout \
		-out new.pub &&
	    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 \
		-out clear.prv &&
	    openssl pkey -in clear.prv -pubout -out clear.pub &&
	    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
		-out ec.prv && openssl pkey -in ec.prv -pubout -out ec.pub
}

export_is_read() { # export_is_read CIPHER DEK
	config "crypto key export rsa MINE pem terminal $1 long-secret" \
	    >"$tmp/got" || return 1
	grep -q "^DEK-Info: $2," "$tmp/got" &&
	    grep -q '^% Key name: MINE$' "$tmp/got" || return 1
	sed -n '/BEGIN PUBLIC/,/END PUBLIC/p' "$tmp/got" >"$tmp/mine.pub"
	sed -n '/BEGIN RSA/,/END RSA/p' "$tmp/got" >"$tmp/mine.prv"
	took MINE "$tmp/mine.pub" &&
	    openssl rsa -in "$tmp/mine.prv" -passin pass:long-secret \
		-pubout -out "$tmp/again.pub" >/dev/null 2>&1 &&
	    cmp "$tmp/mine.pub" "$tmp/again.pub" &&
	    ! openssl rsa -in "$tmp/mine.prv" -passin pass:wrong-secret \
		-noout 2>/dev/null
}

refused() { # refused TEXT COMMAND...: fails, says it, and no key is there
	_want=$1
	shift
	"$@" >"$tmp/got" 2>&1 && return 1
	grep -qF -- "$_want" "$tmp/got" || { cat "$tmp/got"; return 1; }
	[ -z "$(public BAD)" ]
}

# in_memory PID TEXT: 0 when it is somewhere there, 3 when it is not. All that
# is readable is read, in pieces that overlap. Only the shadow memory of an
# address sanitizer (terabytes, kept out of core files, no data in it) is not.
in_memory() {
	python3 - "$1" "$2" <<'EOF'
import sys
pid, text = sys.argv[1], sys.argv[2].encode()
PIECE, PAGE, HUGE = 1 << 24, 4096, 1 << 34


def mappings():
    for line in open(f"/proc/{pid}/smaps"):
        words = line.split()
        if not words[0].endswith(":"):
            where, mode, inode = words[0], words[1], words[4]
        elif words[0] == "VmFlags:" and "r" in mode:
            lo, hi = (int(x, 16) for x in where.split("-"))
            shadow = inode == "0" and {"nr", "dd"} <= set(words)
            if not (shadow and hi - lo >= HUGE):
                yield lo, hi


def holds(mem, lo, hi):
    tail = b""
    while lo < hi:
        try:
            mem.seek(lo)
            data = mem.read(min(PIECE, hi - lo))
        except (OSError, OverflowError):  # behind a file's end, of the kernel
            data = b""
        if text in tail + data:
            return True
        tail = (tail + data)[1 - len(text):] if data else b""
        lo += len(data) or PAGE
    return False


with open(f"/proc/{pid}/mem", "rb", 0) as mem:
    sys.exit(0 if any(holds(mem, lo, hi) for lo, hi in mappings()) else 3)
EOF
}

unseen() { # of what was typed: main has the hostname, and no passphrase
	in_memory "$router" R1-VISIBLE || return 1
	for _s in aes-secret pk8-secret long-secret; do
		in_memory "$router" $_s
		[ $? -eq 3 ] || { echo "$_s is in memory"; return 1; }
	done
	! grep -rq -e aes-secret -e long-secret "$tmp/st" "$tmp/log"
}

# While it makes a key it does the rest. A key may be found at once: then there
# was nothing to do beside it, and another one is made.
beside() {
	for _n in 1 2 3 4 5; do
		config "crypto key generate rsa modulus 4096 label LONG$_n" \
		    >"$tmp/long" &
		_job=$!
		rx 'show crypto isakmp sa' >"$tmp/got" || return 1
		kill -0 $_job 2>/dev/null && _during=yes || _during=no
		wait $_job
		grep -q 'OK' "$tmp/long" && [ -n "$(public "LONG$_n")" ] ||
		    return 1
		[ $_during = no ] || return 0
	done
	echo 'it answered behind each key only'
	return 1
}

ip link set lo up
printf 'hostname R1-VISIBLE\ninterface eth1\n' >"$tmp/r1.cfg"
"$cohort" run -c "$tmp/r1.cfg" -n R1 -s "$tmp/st" -d >"$tmp/log" 2>&1 &
router=$!
logs=$tmp/log
_n=0
until [ -e "$tmp/st/ready" ]; do
	_n=$((_n + 1))
	[ $_n -lt 200 ] || { cat "$tmp/log"; exit 1; }
	sleep 0.1
done
make_keys >"$tmp/make" 2>&1 || { cat "$tmp/make"; exit 1; }

check 'genrsa -aes256 -traditional' eval \
    'paste OLD exportable aes-secret old.pub old.prv && took OLD old.pub'
check 'genpkey -aes-128-cbc (PKCS#8)' eval \
    'paste NEW "" pk8-secret new.pub new.prv && took NEW new.pub'
check 'genpkey without passphrase' eval \
    'paste CLEAR "" any-secret clear.pub clear.prv && took CLEAR clear.pub'
check 'pasted with CR, blanks and blank lines' eval \
    'paste CRLF "" aes-secret old.pub old.prv \
	"sed \"s/^/   /; s/\\\$/ \\r\\n/\"" && took CRLF old.pub'
check 'without the public half' eval \
    'paste HALF "" aes-secret /dev/null old.prv && took HALF old.pub'
check 'crypto key generate' config \
    'crypto key generate rsa exportable modulus 2048 label MINE'
check 'OpenSSL reads an export with AES' export_is_read aes AES-256-CBC
check 'OpenSSL reads an export with 3DES' export_is_read 3des DES-EDE3-CBC
check 'our own export comes back' eval \
    'paste BACK "" long-secret mine.pub mine.prv && took BACK mine.pub'
check 'a wrong passphrase' refused 'the passphrase is wrong' \
    paste BAD '' no-secret old.pub old.prv
check 'another public key' refused 'is not that of the private key' \
    paste BAD '' aes-secret new.pub old.prv
check 'an EC key' refused 'it is not an RSA key' \
    paste BAD '' aes-secret ec.pub ec.prv
check 'no private key' refused 'no private key in PEM form' \
    paste BAD '' aes-secret old.pub old.pub
check 'half of a private key' refused 'the key is damaged' \
    paste BAD '' aes-secret old.pub old.prv 'sed "/^[A-Z].*=\$/d; 20,30d"'
check 'export of what is not exportable' refused 'is not exportable' \
    config 'crypto key export rsa NEW pem terminal aes long-secret'
check 'export under DES' refused 'DES does not protect' \
    config 'crypto key export rsa OLD pem terminal des long-secret'
check 'export under a short passphrase' refused 'at least 8' \
    config 'crypto key export rsa OLD pem terminal aes short'
check 'a key of 4096 bits keeps nobody waiting' beside
check 'no passphrase in main, files or logs' unseen
finish

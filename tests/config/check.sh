#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# cohort check: references that dangle are noted, at the line of the block
# that has them, and are no errors.

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cat >"$tmp/r.cfg" <<'EOT'
crypto ipsec transform-set TS esp-aes esp-sha-hmac
crypto ipsec transform-set AH ah-sha-hmac
crypto ipsec profile P
 set transform-set TS GONE
crypto dynamic-map D 10
 set transform-set TS
crypto map M 10 ipsec-isakmp
 set peer 192.0.2.2
 set transform-set TS
 match address NONE
crypto map M 20 ipsec-isakmp
 set peer 192.0.2.2
 set transform-set AH
 match address L
crypto map M 30 ipsec-isakmp
 set peer 192.0.2.2
 set transform-set TS
 match address L
crypto map M 800 ipsec-isakmp dynamic D
crypto map M 900 ipsec-isakmp dynamic OTHER
ip access-list extended L
 permit ip any any
interface GigabitEthernet1
 ip access-group GONE in
 crypto map GONE
interface GigabitEthernet2
 crypto map M
ip nat inside source list L pool GONE
ip nat inside source route-map GONE interface GigabitEthernet1 overload
class-map match-all C
 match class-map GONE
policy-map P
 class class-default
  service-policy GONE
interface Tunnel0
 tunnel protection ipsec profile GONE
interface Tunnel1
 tunnel protection ipsec profile P
EOT
cat >"$tmp/want" <<'EOT'
r.cfg:23: note: interface GigabitEthernet1: there is no crypto map GONE
r.cfg:23: note: interface GigabitEthernet1: there is no access list GONE
r.cfg:35: note: interface Tunnel0: there is no IPsec profile GONE
r.cfg:28: note: ip nat inside source list L pool GONE: there is no pool GONE
r.cfg:29: note: ip nat inside source route-map GONE interface GigabitEthernet1 overload: there is no route-map GONE
r.cfg:30: note: class-map match-all C: there is no class-map GONE
r.cfg:32: note: policy-map P: there is no policy-map GONE
r.cfg:3: note: crypto ipsec profile P: there is no transform set GONE
r.cfg:7: note: crypto map M 10 ipsec-isakmp: incomplete, it has no peer or access-list
r.cfg:11: note: crypto map M 20 ipsec-isakmp: incomplete, it has no transform set
r.cfg:20: note: crypto map M 900 ipsec-isakmp dynamic OTHER: incomplete, it has no dynamic map
EOT
cohort=$(cd "$builddir" && pwd)/cohort
cd "$tmp" && "$cohort" check r.cfg >got || {
	cat got
	echo 'dangling references are errors'
	exit 1
}
diff want got

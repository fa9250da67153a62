#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# prompts.py KEYFILE GRAMMAR: enters every mode by hand and matches what the
# terminal shows. A mode of the grammar that nothing here enters is a FAIL.
import glob
import re
import sys

import paramiko

# Lines that lead from global configuration to a mode.
WAYS = [
    [], ['interface Gi0/0'], ['interface Gi0/1.77'],
    ['ip access-list extended EDGE'], ['ip access-list standard S'],
    ['router ospf 1'], ['route-map MAP permit 10'], ['control-plane'],
    ['line con 0'], ['line vty 0 4'], ['crypto isakmp policy 10'],
    ['crypto ipsec transform-set T esp-aes esp-sha-hmac'],
    ['crypto ipsec profile P'], ['crypto pki trustpoint CA'],
    ['crypto pki certificate chain CA'],
    ['crypto pki certificate map M 10'], ['crypto pki server CA'],
    ['crypto ikev2 proposal P'], ['crypto ikev2 policy P'],
    ['crypto ikev2 keyring K'], ['crypto ikev2 profile P'],
    ['crypto keyring K'], ['crypto isakmp profile P'],
    ['crypto identity I'], ['crypto key pubkey-chain rsa'],
    ['crypto gdoi group G'], ['crypto gdoi group ipv6 G6'],
    ['crypto gkm group G', 'server local'],
    ['crypto gkm group G', 'server local', 'sa ipsec 1'],
    ['crypto gkm group G', 'server local', 'redundancy'],
    ['crypto gkm group G', 'server local', 'identifier'],
    ['crypto map M 10 gdoi'], ['crypto map M 20 ipsec-isakmp'],
    ['crypto map M gdoi fail-close'], ['archive'], ['archive', 'log config'],
    ['ip vrf V'],
    ['ip dhcp pool P'], ['ip sla 1'], ['key chain K'],
    ['track 1 interface Gi0/0 line-protocol'], ['class-map C'],
    ['policy-map P'], ['policy-map P', 'class C'],
    ['policy-map P', 'class C', 'police 8000'],
    ['ip nat pool P prefix-length 24'],
    ['crypto isakmp peer address 192.0.2.1'],
]
OLDER = [way for way in WAYS if way and ' group G' in way[0]]

# What each client takes for the prompt of a configuration mode.
HOST = r'R1'
CLIENTS = {
    'netmiko': r'R1.*\)#\s*$',
    'ansible': r'[\r\n]?[\w\+\-\.:\/\[\]]+(?:\([^\)]+\)){0,3}(?:[>#]) ?$',
    'scrapli': r'^[\w.\-@/:]{1,63}\([\w.\-@/:+]{0,32}\)#\s?$',
    'oxidized': r'^([\w.@()-]+[#>]\s?)$',
    'rancid': r'^R1.*[>#](\([^)]*\))?$',
    'unicon': r'^R1\((?=[^)]*(?:con|cfg|ipsec-profile|ca-trustpoint|cs-server|'
              r'gkm-local-server|gkm-sa-ipsec|gdoi-coop-ks-config))[^)]+\)#$',
}
# Prompts of IOS itself that no client lists.
NOT_LISTED = {'unicon': {'ca-certificate-map', 'crypto-identity',
                         'crypto-map-fail-close', 'gdoi-local-server',
                         'gdoi-local-server-id', 'gdoi-sa-ipsec'}}
EXEC = {
    'netmiko': r'[>#]$',
    'ansible': CLIENTS['ansible'],
    'scrapli': r'^[\w.\-@/:]{1,63}[>#]\s?$',
    'oxidized': CLIENTS['oxidized'],
    'rancid': r'^.+(>|#)$',
    'unicon': r'^R1[>#]$',
}
failed = 0


def proof(text, good, seen=''):
    global failed
    failed += not good
    print(('ok    ' if good else 'FAIL  ') + text)
    if not good:
        print('      | %r' % (seen,), flush=True)


class Terminal:
    def __init__(self, key):
        self.client = paramiko.SSHClient()
        self.client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        self.client.connect('127.0.0.1', 2222, 'oper', key_filename=key,
                            allow_agent=False, look_for_keys=False)
        self.chan = self.client.invoke_shell('vt100', 80, 24)
        self.chan.settimeout(20)
        self.seen = self.all = b''
        self.until(rb'R1>$')

    def until(self, pattern):
        while not re.search(pattern, self.seen):
            got = self.chan.recv(65536)
            if not got:
                raise EOFError(self.seen)
            self.seen += got
            self.all += got

    def line(self, text):
        """The last line that is shown behind the answer to text."""
        self.seen = b''
        self.chan.send(text + '\r')
        self.until(rb'\r\n(.*\r\n)*R1(\([^()]+\))?[>#]$')
        return self.seen.decode().split('\n')[-1]


def grammar_prompts(directory):
    found = set()
    for name in glob.glob(directory + '/*.cli'):
        for line in open(name):
            m = re.search(r'^(?:mode \S+ \{)?\s*prompt ("[^";]*"'
                          r'(?: older "[^";]*")?);', line)
            found.update(re.findall(r'"([^"]+)"', m.group(1)) if m else [])
    return found


def modes(term, ways):
    reached = {}
    for way in ways:
        prompt = term.line('configure terminal')
        for line in way:
            prompt = term.line(line)
        m = re.match(r'R1\(([^()]+)\)#$', prompt)
        proof('a prompt behind: ' + '; '.join(way or ['configure']), m and
              (not way or m.group(1) != 'config'), term.seen)
        if m:
            reached[m.group(1)] = prompt
        term.line('end')
    return reached


term = Terminal(sys.argv[1])
user = 'R1>'
term.seen = b''
term.chan.send('enable\r')
term.until(rb'(R1#|assword: )$')
if term.seen.endswith(b'assword: '):
    term.chan.send('ENABLE_SECRET\r')
    term.until(rb'R1#$')
term.line('terminal length 0')
for client, pattern in EXEC.items():
    proof(client + ' knows the prompts of exec mode',
          re.search(pattern, 'R1>') and re.search(pattern, 'R1#'))
reached = modes(term, WAYS)
term.line('terminal prompt-family gdoi')
reached.update(modes(term, OLDER))
missing = grammar_prompts(sys.argv[2]) - set(reached) - {'config-block'}
proof('every mode of the grammar was entered', not missing, missing)
proof('there are some', len(reached) > 30, reached)
for client, pattern in CLIENTS.items():
    unknown = {name for name, prompt in reached.items()
               if not re.search(pattern, prompt)}
    unknown -= NOT_LISTED.get(client, set())
    proof('%s knows the prompts of %d modes' % (client, len(reached)),
          not unknown, sorted(unknown))
proof('no escape sequence came', b'\x1b' not in term.all, term.all)
term.chan.send('exit\r')
sys.exit(failed != 0)

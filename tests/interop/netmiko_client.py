#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# netmiko_client.py KEYFILE: what users of netmiko do, against the router that
# router.sh started. Prints lines of ok and FAIL.
import re
import sys
import time

import netmiko
from netmiko.ssh_autodetect import SSHDetect

SSH = dict(host='127.0.0.1', port=2222, username='oper', use_keys=True,
           key_file=sys.argv[1], secret='ENABLE_SECRET', timeout=20,
           fast_cli=True, global_delay_factor=0.2)
TELNET = dict(host='127.0.0.1', port=23, username='admin',
              password='ADMIN_SECRET', secret='ENABLE_SECRET', timeout=20,
              fast_cli=True, global_delay_factor=0.2)
ERROR = re.compile(r'% (Invalid|Incomplete|Ambiguous|Unknown|Unrecog)')
PROMPT = r'[\w-]+(\([\w-]+\))?[>#]\s*$'
failed = 0


def proof(text, good, seen=''):
    global failed
    if good:
        print('ok    ' + text, flush=True)
        return
    failed += 1
    print('FAIL  ' + text)
    for line in repr(seen).split('\\n')[-25:]:
        print('      | ' + line, flush=True)


def clean(out):
    """What netmiko returns must be the command's own output."""
    return not re.search(r'[\x00-\x08\x0b-\x1f\x7f]|R1[#>]|--More--', out)


SHOWS = {
    'show version': r'Software \(\S+\), Version \S+,[\s\S]*R1 uptime is ',
    'show inventory': r'(?m)^NAME: "Chassis", DESCR: ".+"\nPID: \S+ *, VID: ',
    'show interfaces': r'(?m)^GigabitEthernet0/0 is up, line protocol is up',
    'show interfaces description': r'(?m)^Gi0/0 +up +up +WAN side$',
    'show ip interface': r'(?m)^  Secondary address 10\.0\.1\.1/24$',
    'show ip interface brief':
        r'(?m)^GigabitEthernet0/2 +unassigned +YES unset +administratively',
    'show ip route': r'(?m)^Gateway of last resort is 10\.0\.0\.254 to',
    'show ip route static': r'(?m)^S\*    0\.0\.0\.0/0 \[1/0\] via 10\.0\.0\.254$',
    'show ip route connected':
        r'(?m)^      10\.0\.0\.0/8 is variably subnetted, 6 subnets, 2 masks\n'
        r'C        10\.0\.0\.0/24 is directly connected, GigabitEthernet0/0$',
    'show ip route summary': r'(?m)^static +1 +0 +0 +0 +0\nTotal +1 +7 ',
    'show ip route 10.0.0.77':
        r'^Routing entry for 10\.0\.0\.0/24\n  Known via "connected", dist',
    'show ip route 0.0.0.0': r'(?m)^  \* 10\.0\.0\.254\n      Route metric is',
    'show ip arp': r'(?m)^Internet  10\.0\.0\.1 +-   [0-9a-f.]{14}  ARPA   Gig',
    'show arp GigabitEthernet0/1':
        r'^Protocol.*\nInternet  10\.2\.0\.1 .*GigabitEthernet0/1$',
    'show ip interface brief GigabitEthernet0/1':
        r'^Interface.*\nGigabitEthernet0/1 .* up +up *$',
    'show ip interface GigabitEthernet0/2':
        r'^GigabitEthernet0/2 is administratively down, line protocol is down'
        r'\n  Internet protocol processing disabled$',
    'show ipv6 interface': r'^$',
    'show access-lists': r'(?m)^Extended IP access list EDGE$',
    'show clock detail': r'\nTime source is (NTP|hardware calendar)$',
    'show clock': r'^\*?[\d:.]{12} UTC \w{3} \w{3} \d+ \d{4}$',
    'show users': r'(?m)^\* *\d+ ',
    'show memory statistics': r'(?m)^Processor +[0-9A-F]*[A-F][0-9A-F]* +\d+ ',
    'show processes cpu':
        r'^CPU utilization for five seconds: \d+%/\d+%; one minute: \d+%; ',
    'show processes cpu sorted': r'(?m)^ *\d+ +\d+ .*% +0 Cohort (main|fwd)$',
    'show processes': r'(?m)^ PID QTy +PC Runtime \(ms\) +Invoked',
    'show processes memory': r'^Processor Pool Total: +\d+ Used: +\d+ Free: ',
    'show privilege': r'^Current privilege level is 15$',
    'show logging': r'(?m)^Log Buffer \(\d+ bytes\):$',
    'show running-config':
        r'^Building configuration\.\.\.\n\nCurrent configuration : \d+ bytes\n'
        r'[\s\S]*(?m:^interface GigabitEthernet0/0$)[\s\S]*\nend$',
    'show crypto gdoi': r'',
    'show hosts': r'^Default domain is lab\.example',
    'show protocols': r'^Global values:',
    'dir': r'(?m)^\d+ bytes total \(\d+ bytes free\)',
}
NONE = {  # what is not there, and is no error of the line
    'show ip route 8.8.8.8': r'^% Network not in table$',
    'show ip route 10.77.0.1': r'^% Subnet not in table$',
    'show interfaces GigabitEthernet7/7':
        r'^% Interface GigabitEthernet7/7 is not configured$',
}
ERRORS = ['show vlan', 'show cdp', 'show lldp', 'show diag', 'show platform', 'show environment']

GETVPN = '''crypto isakmp policy 10
encryption aes 256
hash sha256
authentication pre-share
group 14
crypto isakmp key GETVPN_PSK address 10.0.0.100
crypto gdoi group GETVPN
identity number 1234
server address ipv4 10.0.0.100
crypto map GETVPN_MAP 10 gdoi
set group GETVPN
interface GigabitEthernet0/1
crypto map GETVPN_MAP
ip access-list extended CLEAR
deny udp any eq 848 any eq 848'''.split('\n')
KEPT = ['crypto isakmp policy 10', ' encr aes 256', ' hash sha256',
        'crypto isakmp key GETVPN_PSK address 10.0.0.100',
        'crypto gdoi group GETVPN', ' identity number 1234',
        ' server address ipv4 10.0.0.100', 'crypto map GETVPN_MAP 10 gdoi',
        ' set group GETVPN', ' crypto map GETVPN_MAP',
        'ip access-list extended CLEAR']


def shows(conn, name):
    for command, want in SHOWS.items():
        out = conn.send_command(command)
        proof('%s: %s' % (name, command), re.search(want, out) and
              clean(out) and not ERROR.search(out), out)
    for command, want in NONE.items():
        out = conn.send_command(command)
        proof('%s: %s' % (name, command), re.search(want, out), out)
    for command in ERRORS:
        out = conn.send_command(command)
        proof('%s: %s is an error' % (name, command),
              "% Invalid input detected at '^' marker." in out, out)


def configure(conn, name):
    out = conn.send_config_set(GETVPN)
    proof(name + ': send_config_set has no error', not ERROR.search(out), out)
    proof(name + ': it is back in exec mode', conn.find_prompt() == 'R1#')
    lines = conn.send_command('show running-config').split('\n')
    lost = [k for k in KEPT if k not in lines]
    proof(name + ': the lines are in running-config', not lost, lost)
    out = conn.send_command('show running-config | include ^crypto')
    proof(name + ': a filter', out.startswith('crypto isakmp policy 10\n') and
          not re.search(r'(?m)^(?!crypto)', out), out)
    out = conn.save_config()
    proof(name + ': save_config', '[OK]' in out, out)
    out = conn.send_command('show startup-config')
    proof(name + ': it is in startup-config',
          re.match(r'Using \d+ out of \d+ bytes\n', out) and
          all(k in out.split('\n') for k in KEPT), out)
    out = conn.send_config_set(['no crypto gdoi group NONE',
                                'interface GigabitEthernet9/9/9/9/9'])
    proof(name + ': a bad line gives the marker', '% Invalid input' in out, out)


def long_lines(conn, name):
    pattern = '|'.join('^hostname%03d' % i for i in range(1, 10)) + '|^hostname'
    command = 'show running-config | include ' + pattern
    out = conn.send_command(command)
    proof('%s: a command of %d columns' % (name, len(command)),
          len(command) > 120 and out == 'hostname R1', out)
    text = 'x' * 200
    conn.send_config_set(['interface GigabitEthernet0/2',
                          'description ' + text])
    out = conn.send_command('show running-config interface GigabitEthernet0/2')
    proof(name + ': a line of 212 columns', ' description ' + text in out, out)
    conn.send_config_set(['ip access-list extended LONG'] +
                         ['permit tcp host 10.9.%d.%d any eq %d'
                          % (i // 250, i % 250 + 1, 1000 + i)
                          for i in range(300)])
    out = conn.send_command('show ip access-lists LONG')
    proof(name + ': 300 lines without a page', clean(out) and
          out.count('permit tcp host 10.9.') == 300, out[-300:])
    conn.send_config_set(['no ip access-list extended LONG'])


DIALOGUE = [('Protocol [ip]: ', ''), ('Target IP address: ', '10.0.0.1'),
            ('Repeat count [5]: ', '2'), ('Datagram size [100]: ', ''),
            ('Timeout in seconds [2]: ', ''), ('Extended commands [n]: ', 'y'),
            ('Source address or interface: ', 'GigabitEthernet0/0'),
            ('Type of service [0]: ', ''),
            ('Set DF bit in IP header? [no]: ', 'yes'),
            ('Validate reply data? [no]: ', ''),
            ('Data pattern [0xABCD]: ', ''),
            ('Loose, Strict, Record, Timestamp, Verbose[none]: ', ''),
            ('Sweep range of sizes [n]: ', 'y'), ('Sweep min size [36]: ', '99'),
            ('Sweep max size [18024]: ', '101'), ('Sweep interval [1]: ', '')]


def pings(conn, name):
    out = conn.send_command('ping 10.0.0.1 repeat 200 size 1400 df-bit '
                            'source GigabitEthernet0/0')
    proof(name + ': ping', clean(out) and re.search(
        r'(?m)^Packet sent with a source address of 10\.0\.0\.1 $\n'
        r'^Packet sent with the DF bit set$\n^!{70}$\n^!{70}$\n^!{60}$\n'
        r'^Success rate is 100 percent \(200/200\), '
        r'round-trip min/avg/max = \d+/\d+/\d+ ms$', out), out)
    out = conn.send_command('traceroute 10.0.0.1 numeric probe 2')
    proof(name + ': traceroute', clean(out) and
          re.search(r'(?m)^  1 10\.0\.0\.1 \d+ msec \d+ msec$', out), out)
    line = 'ping'
    for prompt, answer in DIALOGUE:
        conn.write_channel(line + '\n')
        conn.read_until_pattern(pattern=re.escape(prompt))
        line = answer
    conn.write_channel(line + '\n')
    out = conn.read_until_pattern(pattern='R1#')
    proof(name + ': the dialogue of ping',
          'Sending 6, [99..101]-byte ICMP Echos to 10.0.0.1, timeout is 2 '
          'seconds:' in out and '!!!!!!' in out and '(6/6)' in out, out)


def hostnames(conn, name):
    host = 'a-branch-office-with-a-long-name'
    out = conn.send_config_set(['hostname ' + host])
    conn.set_base_prompt()
    proof(name + ': a hostname of more than 20 characters',
          conn.find_prompt() == host + '#', conn.find_prompt())
    out = conn.send_command('show clock')
    proof(name + ': commands under it', re.match(SHOWS['show clock'], out), out)
    conn.send_config_set(['interface Loopback0', 'description L'])
    conn.send_config_set(['hostname R1'])
    conn.set_base_prompt()
    proof(name + ': and back', conn.find_prompt() == 'R1#')


def vanish():
    conn = netmiko.ConnectHandler(device_type='cisco_ios', **SSH)
    conn.enable()
    conn.write_channel('show running-config\n')
    conn.config_mode()
    conn.write_channel('interface GigabitEthernet0/2\ndescr')
    conn.remote_conn.close()
    conn.remote_conn_pre.close()


def patient(conn):
    """Its way to find the prompt is to press Enter every 20 ms and to read what
    has come so far: on a busy machine the rest is taken for the answer to the
    next command. Here it is one Enter and its prompt."""
    def until(what):
        out, end = '', time.monotonic() + 60
        while not re.search(what, out) and time.monotonic() < end:
            time.sleep(0.01)
            out += conn.read_channel()
        return out

    def find_prompt(delay_factor=1):
        conn.clear_buffer()
        conn.write_channel(conn.RETURN)
        return until(PROMPT).split('\n')[-1].strip()
    conn.write_channel('show privilege' + conn.RETURN)
    until(r'level is \d+[\r\n]+' + PROMPT)
    conn.find_prompt = find_prompt


def session(name, **how):
    started = time.time()
    conn = netmiko.ConnectHandler(**how)
    first = conn.find_prompt()
    proof(name + ': the prompt of user mode', first in ('R1>', 'R1#'), first)
    patient(conn)
    conn.enable()
    proof(name + ': enable with a secret', conn.find_prompt() == 'R1#' and
          conn.check_enable_mode())
    shows(conn, name)
    configure(conn, name)
    long_lines(conn, name)
    pings(conn, name)
    hostnames(conn, name)
    conn.exit_enable_mode()
    proof(name + ': disable', conn.find_prompt() == 'R1>', conn.find_prompt())
    conn.disconnect()
    print('# %s took %.1f s' % (name, time.time() - started))


best = SSHDetect(device_type='autodetect', **SSH).autodetect()
proof('SSHDetect finds the type', best == 'cisco_ios', best)
session('ssh', device_type='cisco_ios', **SSH)
session('telnet', device_type='cisco_ios_telnet', **TELNET)
try:
    netmiko.ConnectHandler(device_type='cisco_ios_telnet',
                           **dict(TELNET, password='WRONG'))
    proof('telnet: a wrong password is refused', False)
except netmiko.NetMikoAuthenticationException:
    proof('telnet: a wrong password is refused', True)
vanish()
sys.exit(failed != 0)

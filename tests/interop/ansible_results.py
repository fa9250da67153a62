#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# ansible_results.py PLAY.json STDERR: a line of ok or FAIL for each task of a
# playbook that ran under the callback `json`.
import json
import sys

text = open(sys.argv[1]).read()
failed = ran = 0
try:
    play = json.loads(text[text.index('\n{') if not text.startswith('{')
                           else 0:])
except ValueError:
    play = {'plays': []}
for task in (t for p in play['plays'] for t in p['tasks']):
    name = task['task']['name']
    result = task['hosts'].get('r1', {})
    if result.get('skipped'):
        continue
    ran += 1
    if not result.get('failed') and not result.get('unreachable'):
        print('ok    ansible: ' + name)
        continue
    failed += 1
    print('FAIL  ansible: ' + name)
    for key in ('msg', 'assertion', 'stdout', 'exception', 'commands'):
        for line in str(result.get(key, '')).split('\n')[-12:]:
            if line:
                print('      | %s: %s' % (key, line))
if ran == 0:
    failed += 1
    print('FAIL  ansible: the playbook ran')
    for line in (text + open(sys.argv[2]).read()).split('\n')[-25:]:
        print('      | ' + line)
elif 'stats' not in play or not play['stats'].get('r1', {}).get('ok'):
    failed += 1
    print('FAIL  ansible: the playbook ran to its end')
sys.exit(failed != 0)

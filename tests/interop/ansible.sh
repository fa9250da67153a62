#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Ansible with the collection cisco.ios, as Debian ships them, over network_cli
# through OpenSSH: one run of ansible.yml, whose tasks assert what they get.
. "$(dirname "$0")/router.sh"
need_program ansible-playbook "$python" /usr/sbin/sshd
router_up

mkdir -p "$tmp/ansible"
cat >"$tmp/ansible/inventory" <<EOF
[routers]
r1 ansible_host=127.0.0.1 ansible_port=2222

[routers:vars]
ansible_connection=ansible.netcommon.network_cli
ansible_network_os=cisco.ios.ios
ansible_network_cli_ssh_type=paramiko
ansible_user=oper
ansible_ssh_private_key_file=$tmp/ssh/id
ansible_become=yes
ansible_become_method=enable
ansible_become_password=ENABLE_SECRET
ansible_python_interpreter=$python
EOF
cat >"$tmp/ansible/ansible.cfg" <<EOF
[defaults]
inventory = $tmp/ansible/inventory
local_tmp = $tmp/ansible/local
remote_tmp = $tmp/ansible/remote
host_key_checking = False
retry_files_enabled = False
gathering = explicit
stdout_callback = json
[paramiko_connection]
record_host_keys = False
[persistent_connection]
control_path_dir = $tmp/ansible/pc
connect_timeout = 20
command_timeout = 20
EOF
cp "$here/ansible.yml" "$here/ansible_getvpn.cfg" "$tmp/ansible/"
export LC_ALL=C.UTF-8
export ANSIBLE_CONFIG="$tmp/ansible/ansible.cfg" ANSIBLE_HOME="$tmp/ansible" \
    ANSIBLE_CALLBACKS_ENABLED='' ANSIBLE_DEPRECATION_WARNINGS=False
PATH="/usr/bin:$PATH"
(cd "$tmp/ansible" && timeout 400 ansible-playbook ansible.yml \
    >"$tmp/play.json" 2>"$tmp/play.err")
tally "$python" "$here/ansible_results.py" "$tmp/play.json" "$tmp/play.err"
check 'the configuration is saved' \
    grep -q '^ set group GETVPN$' "$state/startup-config"
router_whole
finish

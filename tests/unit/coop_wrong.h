/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a message of cooperative key servers must not say: a name, what the
 * decoder answers (NULL: the encoder refuses it), and the change to the
 * example that makes it so.
 */
/* head */
WRONG(version_long, "version", memset(m->coop_version, '1', 15);
    m->coop_version[14] = '.')
WRONG(gdoi_version, "head cut short, or a version", m->gdoi_version[0] = 'x')
WRONG(id_none, "identity of the group", m->id_type = 0)
WRONG(id_type, "identity of the group", m->id_type = 3)
WRONG(from_addr, "sender or receiver", m->from.addr = 0)
WRONG(from_mcast, "sender or receiver", m->from.addr = 0xe0000001)
WRONG(from_boot, "sender or receiver", m->from.boot = 0)
WRONG(to_addr, "sender or receiver", m->to.addr = 0)
WRONG(msg_stamp, "stamp", m->stamp = 0x80000000)
/* servers */
WRONG(not_self, "the sender is not the first server",
    m->servers[0].id.boot++)
WRONG(self_age, "the sender is not the first server", m->servers[0].age = 1)
WRONG(server_twice, "a server twice", m->servers[1].id = m->servers[0].id)
WRONG(server_addr, "address or boot of a server", m->servers[1].id.addr = 0)
WRONG(server_boot, "address or boot of a server", m->servers[1].id.boot = 0)
WRONG(server_primary, "address or boot of a server",
    m->servers[1].primary = 0xffffffff)
WRONG(server_role, "role or flags of a server", m->servers[1].role = 3)
WRONG(many_servers, NULL, m->nservers = COOP_SERVERS_MAX + 1)
/* vector */
WRONG(seen_twice, "a server twice in the vector",
    m->seen[1].id = m->seen[0].id)
WRONG(seen_addr, "row of the vector", m->seen[1].id.addr = 0)
WRONG(seen_boot, "row of the vector", m->seen[0].id.boot = 0)
WRONG(seen_none, "row of the vector", m->seen[0].seq = 0)
WRONG(many_seen, NULL, m->nseen = COOP_SERVERS_MAX + 1)
/* sender identifiers that are configured */
WRONG(sid_bits, NULL, m->sid_bits = 20)
/* policy */
WRONG(owner_addr, "owner of the keys", m->keys->owner.addr = 0)
WRONG(owner_boot, "owner of the keys", m->keys->owner.boot = 0)
WRONG(kek_cipher, "rekey algorithms", m->keys->kek_cipher = ESP_AES_GCM)
WRONG(kek_bits, "rekey algorithms", m->keys->kek_bits = 200)
WRONG(sig_hash_0, "rekey algorithms", m->keys->sig_hash = 0)
WRONG(sig_hash, "rekey algorithms", m->keys->sig_hash = 6)
WRONG(policy_ack, "rekey algorithms", m->keys->ack = 3)
WRONG(kek_life_0, "rekey algorithms", m->keys->kek_life = 0)
WRONG(kek_life, "rekey algorithms", m->keys->kek_life = GDOI_LIFE_MAX + 1)
WRONG(mcast, "flags or address of rekeys", m->keys->mcast.addr = 0x0a000001)
WRONG(pseudotime, "pseudotime", m->keys->pseudotime = GDOI_CLOCK_MAX + 1)
WRONG(keys_sid_bits, "size of sender identifiers", m->keys->sid_bits = 9)
WRONG(rekey_acl, "policy cut short, or its names",
    str_copy(m->keys->rekey_acl, "a b", 81))
WRONG(rsa_label, "policy cut short, or its names",
    str_copy(m->keys->rsa_label, "a\033[m", 81))
WRONG(label_del, "policy cut short, or its names",
    str_copy(m->keys->rsa_label, "a\177", 81))
WRONG(label_c1, "policy cut short, or its names",
    str_copy(m->keys->rsa_label, "a\xc2\x9b", 81))
WRONG(label_utf8, "policy cut short, or its names",
    str_copy(m->keys->rsa_label, "a\xc3", 81))
WRONG(label_utf8_2, "policy cut short, or its names",
    str_copy(m->keys->rsa_label, "\xe2\x82z", 81))
WRONG(label_utf8_3, "policy cut short, or its names",
    str_copy(m->keys->rsa_label, "\xff", 81))
/* sa ipsec */
WRONG(sa_acl, "sa ipsec cut short, or its names",
    m->keys->sas[0].acl[1] = '\n')
WRONG(sa_profile, "sa ipsec cut short, or its names",
    m->keys->sas[0].profile[0] = 1)
WRONG(sa_cipher, "algorithms, replay method or life of an sa ipsec",
    m->keys->sas[0].transform.cipher = 6)
WRONG(sa_auth, "algorithms, replay method or life of an sa ipsec",
    m->keys->sas[0].transform.auth = 6)
WRONG(sa_gcm_auth, "algorithms, replay method or life of an sa ipsec",
    m->keys->sas[0].transform.auth = 2)
WRONG(sa_bits, "algorithms, replay method or life of an sa ipsec",
    m->keys->sas[0].transform.key_bits = 129)
WRONG(sa_null, "algorithms, replay method or life of an sa ipsec",
    m->keys->sas[0].transform.cipher = 0;
    m->keys->sas[0].transform.key_bits = 0)
WRONG(sa_des_bits, "algorithms, replay method or life of an sa ipsec",
    m->keys->sas[0].transform = ((struct esp_transform){ ESP_DES, 2, 56 }))
WRONG(sa_life, "algorithms, replay method or life of an sa ipsec",
    m->keys->sas[0].life = 0)
WRONG(sa_replay, "algorithms, replay method or life of an sa ipsec",
    m->keys->sas[0].replay = 3)
WRONG(sa_window_0, "algorithms, replay method or life of an sa ipsec",
    m->keys->sas[0].window = 0)
WRONG(sa_window, "algorithms, replay method or life of an sa ipsec",
    m->keys->sas[0].window = 1025)
WRONG(sa_twice, "an sa ipsec twice",
    m->keys->sas = xrealloc(m->keys->sas, 2 * sizeof(*m->keys->sas));
    m->keys->sas[1] = m->keys->sas[0]; m->keys->nsas = 2)
WRONG(many_sas, NULL, m->keys->nsas = SA_POLICY_MAX + 1)
/* entries */
WRONG(ace_wild, "flags or wildcard of an entry",
    m->keys->aces[1].ace.src_wild = 0xff00)
WRONG(ace_dwild, "flags or wildcard of an entry",
    m->keys->aces[1].ace.dst_wild = 2)
WRONG(ace_proto, "ports of an entry", m->keys->aces[0].ace.proto = 1)
WRONG(ace_sa, "entry of an unknown sa ipsec", m->keys->aces[1].sa = 2)
WRONG(ace_range, NULL, m->keys->aces[0].ace.sport.op = ACE_OP_RANGE)
WRONG(ace_gt, NULL, m->keys->aces[0].ace.dport.op = ACE_OP_GT)
WRONG(ace_icmp, NULL, m->keys->aces[1].ace.icmp = 0x800)
WRONG(ace_dscp, NULL, m->keys->aces[1].ace.dscp = 1)
WRONG(ace_established, NULL, m->keys->aces[1].ace.established = true)
WRONG(ace_fragments, NULL, m->keys->aces[1].ace.fragments = true)
WRONG(many_aces, NULL, m->keys->naces = SA_POLICY_MAX + 1)
/* KEKs */
WRONG(kek_spi, "SPI of a KEK", memset(m->keys->keks[0].k.spi, 0, 8))
WRONG(kek_spi_2, "SPI of a KEK", memset(m->keys->keks[0].k.spi + 8, 0, 8))
WRONG(kek_k_cipher, "key length of a KEK",
    m->keys->keks[0].k.cipher = ESP_3DES)
WRONG(kek_gcm, "key length of a KEK", m->keys->keks[0].k.cipher = ESP_AES_GCM)
WRONG(kek_k_bits, "key length of a KEK", m->keys->keks[0].k.key_bits = 128)
WRONG(kek_iv, "key length of a KEK", m->keys->keks[0].k.iv.len = 8)
WRONG(kek_key, "key length of a KEK", m->keys->keks[0].k.key.len = 31)
WRONG(kek_no_key, "key length of a KEK", m->keys->keks[0].k.key.len = 0)
WRONG(kek_hash, "signature or acknowledgement of a KEK",
    m->keys->keks[0].k.sig_hash = 0)
WRONG(kek_hash_6, "signature or acknowledgement of a KEK",
    m->keys->keks[0].k.sig_hash = 6)
WRONG(kek_sig_bits, "signature or acknowledgement of a KEK",
    m->keys->keks[0].k.sig_bits = 0)
WRONG(kek_k_ack, "signature or acknowledgement of a KEK",
    m->keys->keks[0].k.ack = 5)
WRONG(kek_ack, "signature or acknowledgement of a KEK",
    m->keys->keks[0].ack = 3)
WRONG(kek_creator, "flags or creator of a KEK",
    m->keys->keks[0].creator.boot = 0)
WRONG(kek_label, "KEK cut short, or its label",
    m->keys->keks[0].label[0] = ' ')
WRONG(kek_left, "life of a KEK", m->keys->keks[0].left = 86400001)
WRONG(kek_life_0_2, "life of a KEK", m->keys->keks[0].life = 0)
WRONG(kek_twice, "a KEK twice",
    m->keys->keks = xrealloc(m->keys->keks, 2 * sizeof(*m->keys->keks));
    m->keys->keks[1] = m->keys->keks[0]; m->keys->keks[1].current = false;
    m->keys->nkeks = 2)
WRONG(kek_current, "a KEK twice",
    m->keys->keks = xrealloc(m->keys->keks, 2 * sizeof(*m->keys->keks));
    m->keys->keks[1] = m->keys->keks[0]; m->keys->keks[1].k.spi[3] = 1;
    m->keys->nkeks = 2)
WRONG(kek_dropped_left, "life of a KEK", m->keys->keks[0].dropped = true;
    m->keys->keks[0].current = false;
    m->keys->keks[0].left = GDOI_LIFE_MAX * 1000u + 1)
WRONG(kek_both, "flags or creator of a KEK", m->keys->keks[0].dropped = true)
WRONG(many_keks, NULL, m->keys->nkeks = COOP_KEKS_MAX + 1;
    m->keys->keks = xrealloc(m->keys->keks,
    (COOP_KEKS_MAX + 1) * sizeof(*m->keys->keks)))
/* TEKs */
WRONG(tek_spi, "SPI, algorithms or replay method of a TEK",
    m->keys->teks[0].k.spi = 255)
WRONG(tek_cipher, "SPI, algorithms or replay method of a TEK",
    m->keys->teks[0].sa.transform.cipher = 7)
WRONG(tek_auth, "SPI, algorithms or replay method of a TEK",
    m->keys->teks[0].sa.transform.auth = 1)
WRONG(tek_replay, "SPI, algorithms or replay method of a TEK",
    m->keys->teks[0].sa.replay = 3)
WRONG(tek_window, "SPI, algorithms or replay method of a TEK",
    m->keys->teks[0].sa.window = 0)
WRONG(tek_salt, "key length of a TEK", m->keys->teks[0].k.key.len = 16)
WRONG(tek_no_key, "key length of a TEK", m->keys->teks[0].k.key.len = 0)
WRONG(tek_auth_key, "key length of a TEK",
    m->keys->teks[0].k.auth_key.len = 20)
WRONG(tek_cbc, "key length of a TEK",
    m->keys->teks[0].sa.transform.cipher = ESP_AES_CBC)
WRONG(tek_dropped_key, "key length of a TEK",
    m->keys->teks[1].k.key.len = 20)
WRONG(tek_both, "flags of a TEK", m->keys->teks[1].newest = true)
WRONG(tek_left, "life of a TEK", m->keys->teks[0].left = 3600001)
WRONG(tek_life, "life of a TEK", m->keys->teks[0].sa.life = GDOI_LIFE_MAX + 1)
WRONG(tek_override, "life of a TEK", m->keys->teks[0].override = 3601)
WRONG(tek_acl, "TEK cut short, or its names", m->keys->teks[0].sa.acl[0] = 7)
WRONG(tek_profile, "TEK cut short, or its names",
    m->keys->teks[0].sa.profile[0] = 7)
WRONG(tek_twice, "a TEK twice", m->keys->teks[1].k.spi = 0x12345678)
WRONG(tek_newest, "a TEK twice",
    m->keys->teks[1] = m->keys->teks[0]; m->keys->teks[1].k.spi++)
WRONG(many_teks, NULL, m->keys->nteks = GDOI_TEKS_MAX + 1;
    m->keys->teks = xrealloc(m->keys->teks,
    (GDOI_TEKS_MAX + 1) * sizeof(*m->keys->teks)))
/* sender identifiers in use */
WRONG(claim_kssid, "sender identifier in use",
    m->keys->claims[0].kssid = 128)
WRONG(claim_bits, "sender identifier in use", m->keys->sid_bits = 0)
WRONG(claim_epoch, "sender identifier in use", m->keys->sid_epoch = 0)
WRONG(claim_addr, "sender identifier in use",
    m->keys->claims[0].id.addr = 0)
WRONG(claim_boot, "sender identifier in use",
    m->keys->claims[0].id.boot = 0)
WRONG(claim_twice, "sender identifier in use twice",
    m->keys->claims[1] = m->keys->claims[0]; m->keys->nclaims = 2)
WRONG(many_claims, NULL, m->keys->nclaims = KSSID_MAX + 1)
/* members */
WRONG(member_addr, "address of a member, or who told it",
    m->members[1].addr = 0)
WRONG(member_mcast, "address of a member, or who told it",
    m->members[1].addr = 0xef000001)
WRONG(member_owner, "address of a member, or who told it",
    m->members[1].owner = 0)
WRONG(member_teller, "address of a member, or who told it",
    m->members[1].teller.boot = 0)
WRONG(member_version, "member cut short, or its version",
    str_copy(m->members[1].version, "1.0 ", 16))
WRONG(member_no_version, "member cut short, or its version",
    m->members[1].version[0] = '\0')
WRONG(member_removed, "flags of a member", m->members[0].removed = true)
WRONG(member_stamp, "stamp of a member", m->members[0].stamp = 0)
WRONG(member_stamp_2, "stamp of a member",
    m->members[0].stamp = (uint32_t)COOP_STAMP_MAX + 1)
WRONG(member_seq, "stamp of a member", m->members[0].seq = 0)
WRONG(log_range, "range of members", m->log_from = 7)
WRONG(log_none, "range of members", m->log_from = m->log_to = 0)
WRONG(log_narrow, "too many members", m->log_from = 5)
WRONG(many_members, NULL, m->nmembers = COOP_MEMBERS_MAX + 1)

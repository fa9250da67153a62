# SPDX-License-Identifier: BSD-2-Clause
#
# The part of robust.sh that speaks bytes: clients of the console socket that
# do not behave, mutated ISAKMP and ESP packets, memory of a process. Prints
# lines `ok ...` and `FAIL ...`.

import array
import os
import random
import re
import socket
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 60  # seconds that anything may take


def message_types():
    text = open(os.path.join(HERE, "../../src/base/ipc.h")).read()
    body = re.search(r"enum ipc_type \{(.*?)\};", text, re.S).group(1)
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    return {n: i for i, n in enumerate(re.findall(r"IPC_\w+", body), 1)}


T = message_types()


def result(good, text, detail=""):
    print("%-4s  %s" % ("ok" if good else "FAIL", text), flush=True)
    if not good and detail:
        for line in str(detail).splitlines()[-20:]:
            print("      | " + line, flush=True)
    return good


class Client:
    """One console. send() gives a line, until_prompt() what came of it."""

    def __init__(self, state, interactive=False):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.s.settimeout(LIMIT)
        fd = os.open(state, os.O_PATH)
        self.s.connect("/proc/self/fd/%d/console" % fd)
        os.close(fd)
        self.raw(T["IPC_HELLO"], bytes([interactive]) + bytes(6))
        self.refused = False
        self.until_prompt()

    def raw(self, kind, body=b""):
        self.s.send(struct.pack(">HHI", kind, 0, 0) + body)

    def send(self, line, kind="IPC_LINE"):
        line = line.encode() if isinstance(line, str) else line
        size = struct.pack(">H", len(line))
        tail = size + b"\0" if kind == "IPC_LINE" else b""
        self.raw(T[kind], size + line + tail)

    def read(self):
        m = self.s.recv(1 << 17)
        if len(m) < 8:
            raise EOFError
        return struct.unpack(">H", m[:2])[0], m[8:]

    def until_prompt(self, stop=None):
        out = b""
        while True:
            kind, body = self.read()
            if kind == T["IPC_OUT"]:
                out += body
            if kind == stop:
                return out
            if kind == T["IPC_PROMPT"]:
                self.refused = body[-1] != 0
                return out.decode(errors="replace")

    def run(self, line):
        self.send(line)
        return self.until_prompt()

    def close(self):
        self.s.close()


def rss_kb(pid):
    text = open("/proc/%d/status" % pid).read()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1))


def fds(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def wait_for(fn, limit=LIMIT):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if fn():
            return True
        time.sleep(0.05)
    return fn()


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return f.read().split()


# ---- consoles that do not behave

def consoles(state, pid, cohort):
    pid = int(pid)
    before = children(pid)
    ours = Client(state)

    def alive(text):
        same = os.path.exists("/proc/%d" % pid) and children(pid) == before
        try:
            good = "uptime is" in Client(state).run("show version")
        except (OSError, EOFError) as e:
            return result(False, text, repr(e))
        return result(same and good, text,
                      "children were %s, are %s" % (before, children(pid)))

    many(state)
    slow_reader(state, pid, ours)
    many_slow_readers(state, pid, ours)
    vanish(state, pid, ours)
    two_at_once(state)
    alive("after all of these main, ike and fwd are the same processes")
    unreadable(state)
    garbage(state, pid)
    alive("after garbage they are still the same")
    descriptors(state, pid)
    deadlock(state, pid, ours)
    alive("after a child that did not read they are still the same")
    commands(state, cohort)
    ours.close()


def many(state):
    all_ = [Client(state, True) for _ in range(30)]
    for c in all_:
        c.send("show version")
    good = all("uptime is" in c.until_prompt() for c in all_)
    result(good, "30 consoles at once, each has its answer")
    for c in all_:
        c.close()


def slow_reader(state, pid, ours):
    n = int(ours.run("show running-config").count("\n"))
    result(n > 20000, "a configuration of more than 20000 lines is printed",
           "%d lines" % n)
    base = rss_kb(pid)
    stuck = Client(state, True)
    stuck.run("enable")
    stuck.send("show running-config")
    start = time.monotonic()
    good = "uptime" in ours.run("show version")
    took = time.monotonic() - start
    result(good and took < 5, "one that does not read delays no other",
           "%.1f s" % took)
    for _ in range(20):
        stuck.send("show running-config")
        ours.run("show running-config")
    grown = rss_kb(pid) - base
    result(grown < 100000, "main holds at most one answer for it",
           "grown by %d KiB" % grown)
    out = stuck.until_prompt()
    result(out.count("\n") == n, "when it reads again it gets every line",
           "%d of %d" % (out.count("\n"), n))
    stuck.close()


def many_slow_readers(state, pid, ours):
    base = rss_kb(pid)
    stuck = []
    cut = ""
    while "CONSOLE_CUT" not in cut and len(stuck) < 60:
        stuck.append(Client(state, True))
        stuck[-1].run("enable")
        stuck[-1].send("show running-config")
        cut = ours.run("show logging")
    result("its terminal does not read" in cut,
           "of many that do not read one is cut off, and logged",
           "%d wait" % len(stuck))
    grown = rss_kb(pid) - base
    result(grown < 64 << 10, "what they leave unread is bounded",
           "grown by %d KiB by %d" % (grown, len(stuck)))
    for c in stuck:
        c.close()


def vanish(state, pid, ours):
    open_before = fds(pid)
    for command in ("show running-config", "ping 10.9.0.99 repeat 1000",
                    "copy running-config startup-config", "write erase",
                    "reload"):
        c = Client(state)
        if command == "write erase":
            c.run("write memory")
        c.send(command)
        c.read()
        c.close()
    result(wait_for(lambda: fds(pid) <= open_before),
           "clients that vanish in output, ping and questions leave nothing",
           "%d descriptors, were %d" % (fds(pid), open_before))
    result(os.path.exists(state + "/startup-config"),
           "who vanishes at [confirm] did not confirm: nothing was erased")
    try:
        good = "uptime" in ours.run("show version")
    except (OSError, EOFError):
        good = False
    result(good, "nor at that of reload: the other consoles are still there")
    c = Client(state)
    # the same with an abort in place of an answer
    c.send("write erase")
    c.until_prompt(T["IPC_ASK"])
    c.raw(T["IPC_ABORT"])
    c.until_prompt()
    result(os.path.exists(state + "/startup-config"),
           "an abort at [confirm] is no yes")
    start = time.monotonic()
    c.send("ping 10.9.0.99 repeat 1000 timeout 1")
    c.read()
    c.raw(T["IPC_ABORT"])
    c.until_prompt()
    result(time.monotonic() - start < 10, "an abort ends a long ping")
    c.close()


def two_at_once(state):
    a, b = Client(state), Client(state)
    for c in (a, b):
        c.run("configure terminal")
    a.run("ip access-list extended FROM-A")
    b.run("ip access-list extended FROM-B")
    for i in range(1, 51):
        a.send("permit tcp any any eq %d" % i)
        b.send("permit udp any any eq %d" % i)
        a.until_prompt()
        b.until_prompt()
    text = a.run("do show running-config")
    lost = [i for i in range(1, 51) for p in ("tcp", "udp")
            if not re.search(r"permit %s any any eq %s\n" % (p, name(p, i)),
                             text)]
    result(not lost, "two configure at once: no line is lost", lost)
    # the block that one edits is removed by the other
    b.run("no ip access-list extended FROM-A")
    a.run("permit gre any host 9.9.9.9")
    result("9.9.9.9" not in a.run("do show running-config"),
           "a line for a block that is gone goes nowhere else")
    for c in (a, b):
        c.run("no ip access-list extended FROM-B")
        c.close()


def name(proto, port):
    """A port as the router prints it: some have names."""
    return r"(%d|[a-z-]+)" % port


def unreadable(state):
    """Messages that are cut short end the session: nobody waits for ever,
    and none of them is taken for Enter at a question."""
    ended = []
    c = Client(state)
    c.run("write memory")
    for kind, body in (("IPC_LINE", b"\0\x04exit\0\x04"),
                       ("IPC_LINE", b"\0\x05exit"), ("IPC_LINE", b""),
                       ("IPC_ANSWER", b""), ("IPC_ANSWER", b"\0\x01")):
        c = Client(state)
        if kind == "IPC_ANSWER":
            c.send("write erase")
            c.until_prompt(T["IPC_ASK"])
        c.raw(T[kind], body)
        try:
            c.until_prompt()
            ended.append("%s %r: a prompt" % (kind, body))
        except (EOFError, ConnectionError):
            pass
        except OSError as e:
            ended.append("%s %r: %r" % (kind, body, e))
        c.close()
    result(not ended, "a message that is cut short ends the session", ended)
    result(os.path.exists(state + "/startup-config"),
           "and confirms nothing")


def garbage(state, pid):
    rnd = random.Random(1)
    for size in (0, 1, 7, 8, 9, 100, 60000):
        for _ in range(20):
            c = Client(state)
            try:
                c.s.send(rnd.randbytes(size))
            except OSError:
                pass
            c.close()
    c = Client(state)
    for _ in range(500):
        try:
            c.raw(rnd.choice(list(T.values())),
                  rnd.randbytes(rnd.randrange(300)))
        except OSError:
            c.close()
            c = Client(state)
    c.close()
    c = Client(state)
    try:
        c.s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        c.send(b"x" * 65535)
        c.s.send(b"\0" * (1 << 17))
    except OSError:
        pass
    c.close()
    c = Client(state)
    out = c.run("show " + "x" * 5000)
    result(c.refused and "too long" in out, "a line of 5000 octets is refused",
           out)
    typed_garbage(c, rnd)
    c.close()


def typed_garbage(c, rnd):
    c.run("configure terminal")
    start = ("hostname ", "interface Loopback7\ndescription ",
             "crypto isakmp key ", "ip access-list extended X\nremark ",
             "banner motd ", "", "username ", "snmp-server location ",
             "crypto gdoi group ", "line vty 0 4\npassword ", "no ")
    for _ in range(400):
        junk = rnd.randbytes(rnd.randrange(1, 60))
        if rnd.random() < 0.5:
            junk = bytes(rnd.choice(b"a0 !?|\"'\\%\n\r\t\x1b^~$") for _ in junk)
        for line in (rnd.choice(start).encode() + junk).split(b"\n", 1):
            if not line.strip().lower().startswith((b"end", b"exit")):
                c.run(line)
    c.run("hostname R1")
    c.run("end")
    text = c.run("show running-config")
    bad = [repr(line) for line in text.splitlines()
           if re.search(r"[\x00-\x02\x04-\x08\x0b-\x1f\x7f]", line)]
    result(not bad, "no control character got into the configuration", bad)


def descriptors(state, pid):
    before = fds(pid)
    r, w = os.pipe()
    for count, size in ((1, 8), (4, 8), (8, 8), (1, 2), (4, 0x1ffff)):
        for _ in range(20):
            c = Client(state)
            anc = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                    array.array("i", [r] * count))]
            try:
                c.s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
                c.s.sendmsg([b"\0" * size], anc)
            except OSError:
                pass
            c.close()
    os.close(r)
    os.close(w)
    result(wait_for(lambda: fds(pid) <= before),
           "descriptors that a client sends do not stay in main",
           "%d, were %d" % (fds(pid), before))


def deadlock(state, pid, ours):
    """fwd prints much while main sends it much: nobody waits for ever."""
    for kid in children(pid):
        os.kill(int(kid), 19)
    c = Client(state)
    c.run("configure terminal")
    try:
        for i in range(20):
            c.run("interface Loopback%d" % (100 + i % 2))
            c.run("description %d" % i)
            ours.run("show clock")
        good = True
    except (OSError, EOFError):
        good = False
    for kid in children(pid):
        os.kill(int(kid), 18)
    result(good, "children that are stopped do not stop the consoles")
    shows = [Client(state) for _ in range(4)]
    for s in shows:
        s.send("show access-lists")
    try:
        for i in range(10):
            c.run("description again %d" % i)
            c.run("do show clock")
        good = all(s.until_prompt().count("\n") > 19000 for s in shows)
    except (OSError, EOFError) as e:
        good = result(False, "waiting", repr(e))
    result(good, "large output of fwd and large configurations to it pass")
    for s in shows:
        s.close()
    for i in range(2):
        c.run("no interface Loopback%d" % (100 + i))
    c.close()


def commands(state, cohort):
    def run(args, stdin=None):
        try:
            return subprocess.run([cohort, "exec", "-s", state, "R1"] + args,
                                  input=stdin, capture_output=True, text=True,
                                  errors="replace", timeout=60)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(args, 99, "", "timed out")

    r = run(["show clack"])
    result(r.returncode == 1, "exec of a refused command exits with 1", r)
    r = run(["show clock"])
    result(r.returncode == 0, "exec of a good one with 0", r)
    r = run(["-"], "show clock\nshow privilege\n")
    result(r.returncode == 0 and "level is 15" in r.stdout,
           "- reads commands from standard input", r)
    r = run(["-"], "show clock\nnonsense here\nshow privilege\n")
    result(r.returncode == 1 and "level is 15" in r.stdout,
           "- goes on after a refused one and exits with 1", r)
    r = run(["x" * 100000])
    result(r.returncode == 1, "a command of 100000 octets is refused", r)
    r = run(["-"], "y" * 1000000 + "\nshow privilege\n")
    result(r.returncode == 1 and "level is 15" in r.stdout,
           "so is a line of a megabyte, the next one works", r.returncode)
    start = time.monotonic()
    run(["configure terminal", "interface Loopback7",
         "description " + "a" * 3000 + "!", "end"])
    r = run(["show running-config | include (a+)+$"])
    took = time.monotonic() - start
    result(took < 30 and r.returncode == 0,
           "(a+)+$ on long lines ends", "%.1f s, %d" % (took, r.returncode))


# ---- mutated packets

def corpus():
    d = os.path.join(HERE, "../fuzz/corpus/isakmp")
    return [open(os.path.join(d, f), "rb").read()
            for f in sorted(os.listdir(d))]


def mutate(rnd, data):
    b = bytearray(data)
    for _ in range(rnd.randrange(1, 6)):
        if not b:
            break
        what = rnd.randrange(4)
        at = rnd.randrange(len(b))
        if what == 0:
            b[at] ^= 1 << rnd.randrange(8)
        elif what == 1:
            b[at] = rnd.choice((0, 1, 0x7f, 0x80, 0xff))
        elif what == 2:
            del b[at:]
        else:
            b[at:at] = rnd.randbytes(rnd.randrange(20))
    return bytes(b)


def isakmp(address, count):
    """Mutated datagrams to UDP 848 in a bounded time."""
    rnd = random.Random(2)
    seeds = corpus()
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        s.bind(("", 848))
    except OSError:
        pass
    s.setblocking(False)
    end = time.monotonic() + 10
    sent = 0
    while sent < int(count) and time.monotonic() < end:
        try:
            s.sendto(mutate(rnd, rnd.choice(seeds)), (address, 848))
        except OSError:
            pass
        sent += 1
        if sent % 20 == 0:
            time.sleep(0.005)  # not a flood: each shall be read
    return result(sent >= 200, "%d mutated ISAKMP datagrams to %s"
                  % (sent, address))


def esp(device, destination, count):
    """Takes ESP packets off a link and sends them again, mutated."""
    rnd = random.Random(3)
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((device, 3))
    s.settimeout(1)
    want = socket.inet_aton(destination)
    end = time.monotonic() + 15
    sent = 0
    mine = set()
    while sent < int(count) and time.monotonic() < end:
        try:
            frame = s.recv(65536)
        except OSError:
            continue
        if frame[23] != 50 or frame[30:34] != want or frame in mine:
            continue
        for _ in range(4):
            payload = bytearray(frame[34:])
            if rnd.random() < 0.3:
                del payload[rnd.randrange(len(payload)):]
            else:
                payload[rnd.randrange(len(payload))] ^= 1 << rnd.randrange(8)
            head = bytearray(frame[14:34])
            head[2:4] = struct.pack(">H", 20 + len(payload))
            head[10:12] = b"\0\0"
            total = sum(struct.unpack(">10H", head))
            while total >> 16:
                total = (total & 0xffff) + (total >> 16)
            head[10:12] = struct.pack(">H", ~total & 0xffff)
            bad = frame[:14] + bytes(head) + bytes(payload)
            mine.add(bad)
            s.send(bad)
            sent += 1
    return result(sent >= int(count), "%d mutated ESP packets to %s"
                  % (sent, destination))


# ---- memory

def scan(pid, *texts):
    """Fails when a text is in the memory of the process."""
    found = []
    with open("/proc/%s/maps" % pid) as maps, \
            open("/proc/%s/mem" % pid, "rb", 0) as mem:
        for line in maps:
            m = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
            if not m:
                continue
            start, end = int(m.group(1), 16), int(m.group(2), 16)
            if end - start > 1 << 28:
                continue  # shadow memory of a sanitizer
            try:
                mem.seek(start)
                data = mem.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            found += [t for t in texts if t.encode() in data]
    print("\n".join(found) or "none of them")
    return not found


if __name__ == "__main__":
    fns = {"consoles": consoles, "isakmp": isakmp, "esp": esp, "scan": scan}
    try:
        sys.exit(fns[sys.argv[1]](*sys.argv[2:]) is False)
    except Exception as e:  # a fault of the test is a failure of it
        import traceback
        result(False, "robust.py " + sys.argv[1], traceback.format_exc())
        sys.exit(1)

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# Terminals that do a router no good: lines of a megabyte, a paste
# that never ends, regular expressions made to hang, clients that stop reading
# or vanish in a page, thirty at once, two that configure. Whatever one does,
# the others are served, memory is bounded and nothing is left behind.
# (tests/netns/robust.py does the same to the socket, without a terminal.)
#
# usage: hostile.py COHORT; ends with `N passed, N failed`.

import os
import re
import sys
import time

import run
import seeds
from seeds import result

PATIENCE = 15  # seconds that an answer may take beside something heavy
GROWTH = 96 << 10  # KiB that a process may grow by


class Console(seeds.Router):
    """One more console of a router, with the same words."""

    def __init__(self, router, name):  # pylint: disable=super-init-not-called
        self.player = router.player
        self.console = run.Terminal(
            [self.player.cohort, "console", "-s", self.player.state],
            24, 80, dict(os.environ, TERM="vt100"))
        self.player.terminals[name] = self.console
        self.name = name
        self.answer()
        self.type("enable")
        self.type("terminal length 0")

    def close(self):
        del self.player.terminals[self.name]
        self.console.close()


def status(pid, what):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return int(re.search(r"%s:\s+(\d+)" % what, f.read()).group(1))


def rss(pid):
    return status(pid, "VmRSS")


def peak(pid):
    return status(pid, "VmHWM")


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def cpu(*pids):
    """The seconds of a processor that they have used."""
    ticks = 0
    for pid in pids:
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            # behind the name: the 14th and 15th field of all
            ticks += sum(map(int, f.read().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def until(fn):
    end = time.monotonic() + run.LIMIT
    while not fn() and time.monotonic() < end:
        time.sleep(0.05)
    return fn()


def answers(console, text):
    """The other console is served, and soon."""
    start = time.monotonic()
    out = console.type("show clock")
    took = time.monotonic() - start
    result("UTC" in out and took < PATIENCE, text, "%.1f s: %s" % (took, out))


def bounded(pid, before, text):
    grown = peak(pid) - before
    result(grown < GROWTH, text, "grown by %d KiB" % grown)


def megabyte(router, ours):
    c = Console(router, "b")
    want = ours.running()
    before = rss(c.console.process.pid)
    main = peak(router.player.router.pid)
    c.console.send("show " + "x" * (1 << 20))
    answers(ours, "a line of a megabyte: the other console is served")
    c.console.send("\r")
    out = c.paste("show privilege\r", "level is 15")
    result("% " in out, "a line of a megabyte is refused", out[-300:])
    c.type("configure terminal")
    c.console.send("hostname " + "y" * (1 << 20) + "\rend\r")
    c.paste("show privilege\r", "level is 15")
    result(ours.running() == want, "and none gets into the configuration")
    bounded(c.console.process.pid, before, "its shell does not grow with it")
    bounded(router.player.router.pid, main, "nor does the router")
    c.close()


def endless(router, ours):
    """Types for ten seconds without a pause, and reads; then Ctrl-C."""
    c = Console(router, "b")
    pid = c.console.process.pid
    before = rss(pid)
    main = peak(router.player.router.pid)
    c.type("configure terminal")
    c.type("ip access-list extended ENDLESS")
    end = time.monotonic() + 10
    line = 0
    while time.monotonic() < end:
        c.console.send("".join("permit tcp host 10.0.%d.%d any\r"
                               % (i >> 8 & 255, i & 255)
                               for i in range(line, line + 64)))
        line += 64
        if len(c.console.text) > 1 << 20:
            c.console.text = c.console.text[-1000:]
        if line % 4096 == 0:
            answers(ours, "an endless paste: %d lines on, the other console "
                    "is served" % line)
    c.console.send("end\r")
    c.answer(seeds.EXEC, "#end\r\n")
    bounded(pid, before, "an endless paste: its shell does not grow")
    bounded(router.player.router.pid, main + 100 * line // 1024,
            "the router by its lines")
    out = ours.type("show access-lists ENDLESS | count permit")
    result("regexp = %d" % min(line, 65536) in out,
           "each of its %d lines acts" % line, out)
    ours.type("configure terminal")
    ours.type("no ip access-list extended ENDLESS")
    ours.type("end")
    c.close()


def long_list(router):
    router.type("configure terminal")
    router.type("ip access-list extended LONG")
    router.paste("".join("permit tcp host 10.1.%d.%d any\r"
                         % (i >> 8, i & 255) for i in range(5000)) +
                 "end\r", "#end\r\n")


def deaf(router, ours):
    """A client that stops reading in the middle of much output."""
    before = peak(router.player.router.pid)
    open_ = descriptors(router.player.router.pid)
    c = Console(router, "b")
    # nobody reads from here on
    os.write(c.console.master, b"show access-lists LONG\r" * 100)
    for _ in range(20):
        answers_quietly = ours.type("show privilege")
    result("level is 15" in answers_quietly,
           "one that does not read holds up no other", answers_quietly)
    bounded(router.player.router.pid, before,
            "and the router keeps no output for it")
    c.close()
    result(until(lambda: descriptors(router.player.router.pid) <= open_),
           "it is gone when its terminal is", "%d descriptors, were %d"
           % (descriptors(router.player.router.pid), open_))


def vanish(router, ours):
    """Terminals that close in a page, a question, a ping, a paste."""
    pid = router.player.router.pid
    open_ = descriptors(pid)
    for keys, seen in (("terminal length 5\rshow access-lists LONG\r",
                        " --More-- "),
                       ("reload\r", "modified. Save?"),
                       ("ping 10.9.0.77 repeat 100000\r", "Sending"),
                       ("configure terminal\rinterface Loopback8\r",
                        "(config-if)#"),
                       ("show access-lists LONG | include (a+)+$\r", "LONG"),
                       ("show run", "show run")):
        c = Console(router, "b")
        c.console.send(keys)
        c.answer(re.compile(re.escape(seen)), seen)
        shell = c.console.process.pid
        c.close()
        result(until(lambda: descriptors(pid) <= open_) and
               not os.path.exists("/proc/%d" % shell),
               "one that vanishes after %r leaves nothing" % keys,
               "%d descriptors, were %d" % (descriptors(pid), open_))
    answers(ours, "and the router goes on")
    out = ours.type("show users")
    result(len(re.findall(r"^.*\bcon\b.*$", out, re.M)) == 1,
           "show users has one console again", out)


def expressions(router, ours):
    ours.type("configure terminal")
    ours.type("interface Loopback7")
    ours.type("description " + "a" * 200 + "!")
    ours.type("end")
    who = (router.player.router.pid, ours.console.process.pid)
    start = cpu(*who)
    for regex in ("(a+)+$", "(a|aa)+$", "(.*)*(.*)*(.*)*x", "(" * 1000,
                  "(" * 500 + ")" * 500, "a{1,60000}{1,60000}", "[[:alpha:]",
                  "(a?){60}a{60}b", "\\", "*", "(?R)", "(?{system})", "[z-a]",
                  "x" * 2000, "(.+)\\1+$", "_" * 300):
        for f in ("include", "exclude", "section", "begin", "count"):
            ours.console.send("show running-config | %s %s\r" % (f, regex))
            ours.answer()
    took = cpu(*who) - start
    result(took < 60, "hostile regular expressions end", "%.1f s" % took)
    answers(ours, "and leave the console as it was")
    ours.type("configure terminal")
    ours.type("no interface Loopback7")
    ours.type("end")


def thirty(router, ours):
    pid = router.player.router.pid
    open_ = descriptors(pid)
    before = peak(pid)
    many = [Console(router, "c%d" % i) for i in range(30)]
    for i, c in enumerate(many):
        c.console.send("configure terminal\rinterface Loopback%d\r"
                       "description number %d\rend\rshow running-config "
                       "interface Loopback%d\r" % (1000 + i, i, 1000 + i))
    bad = []
    for i, c in enumerate(many):
        out = c.answer(seeds.EXEC, "\r\nend\r\n")
        if " description number %d\r\n" % i not in out:
            bad.append(out)
    result(not bad, "thirty consoles configure at once, each its own",
           "\n".join(bad))
    out = ours.running()
    lost = [i for i in range(30) if " description number %d\n" % i not in out]
    result(not lost, "and nothing of it is lost", lost)
    bounded(pid, before, "memory is bounded")
    for c in many:
        c.close()
    result(until(lambda: descriptors(pid) <= open_), "thirty leave nothing")
    ours.type("configure terminal")
    for i in range(30):
        ours.type("no interface Loopback%d" % (1000 + i))
    ours.type("end")


def two(router, ours):
    """Two people configure the same block; one removes it."""
    c = Console(router, "b")
    for who in (ours, c):
        who.type("configure terminal")
        who.type("ip access-list extended SHARED")
    for i in range(1, 41):
        ours.console.send("permit tcp any any eq %d\r" % (2000 + i))
        c.console.send("permit udp any any eq %d\r" % (3000 + i))
        ours.answer()
        c.answer()
    out = ours.running()
    lost = [i for i in range(1, 41)
            if " permit tcp any any eq %d\n" % (2000 + i) not in out or
            " permit udp any any eq %d\n" % (3000 + i) not in out]
    result(not lost, "two edit one list at once: no line is lost", lost)
    ours.type("no ip access-list extended SHARED")
    c.type("permit gre any host 9.9.9.9")
    result("9.9.9.9" not in ours.running(),
           "a line for a list that the other removed goes nowhere")
    ours.type("end")
    c.close()


TESTS = (megabyte, endless, deaf, vanish, expressions, thirty, two)


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
        return f.read()


def main():
    cohort = os.path.abspath(sys.argv[1])
    if sys.argv[2:3] != ["--inside"]:
        os.execvp("unshare", run.apart() + [sys.executable, __file__, cohort,
                                            "--inside"] + sys.argv[2:])
    run.network()
    router = seeds.Router(cohort, """hostname R1
no logging console
interface FastEthernet0/0
 ip address 10.9.0.1 255.255.255.0
end
""")
    pid = router.player.router.pid
    before = children(pid)
    try:
        router.attach()
        long_list(router)
        for test in TESTS:
            if sys.argv[3:] and test.__name__ not in sys.argv[3:]:
                continue
            test(router, router)
            result(children(pid) == before,
                   "%s: ike and fwd are the same processes" % test.__name__)
    except run.Failure as e:
        result(False, test.__name__, str(e)[-1000:])
    finally:
        bad = router.end()
    result(not bad, "the router ends as it should", bad)
    print("%d passed, %d failed" % tuple(seeds.totals))
    return seeds.totals[1] != 0


if __name__ == "__main__":
    sys.exit(main())

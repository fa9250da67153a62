#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# The configurations of textbooks (tests/config/seed*.in) and of the labs in
# examples/, each brought to a router in three ways: typed line by line, each
# at its prompt; pasted in one write, prompts and prose included; loaded as a
# file. The running-config must be the same three times. Then what pastes
# blindly: containerlab's first burst, and 2000 lines while a ping runs.
#
# usage: seeds.py COHORT; ends with `N passed, N failed`.

import glob
import os
import re
import sys
import tempfile
import time

import run

HERE = os.path.dirname(os.path.abspath(__file__))
EXEC = re.compile(r"(?:\A|[\r\n])[\w.-]+[>#]\Z")
# What begins a command in a text that has prompts elsewhere.
PLAIN = (" ", "crypto", "ip ", "interface", "permit", "deny", "match",
         "route-map")
totals = [0, 0]


def result(good, text, detail=""):
    totals[not good] += 1
    print("%-4s  %s" % ("ok" if good else "FAIL", text), flush=True)
    if not good:
        for line in str(detail).splitlines()[:60]:
            print("      | " + run.visible(line))
    return good


class Router:
    """A router with one console, which is in privileged exec."""

    def __init__(self, cohort, config):
        self.session = run.Session(os.path.join(HERE, "errors.session"))
        self.session.config = config
        self.dir = tempfile.mkdtemp(prefix="cohort-seeds.")
        self.player = run.Player(self.session, cohort, self.dir, False)
        self.player.do_start(None, None)
        self.console = None

    def attach(self):
        self.console = run.Terminal(
            [self.player.cohort, "console", "-s", self.player.state],
            24, 80, dict(os.environ, TERM="vt100"))
        self.player.terminals["a"] = self.console
        self.answer()
        self.type("enable")
        self.type("terminal length 0")
        return self

    def answer(self, regex=run.PROMPT, seen=""):
        """What came up to a prompt that matches, with this before it."""
        end = time.monotonic() + run.LIMIT
        while seen not in self.console.text or \
                not regex.search(self.console.text):
            if self.console.ended or time.monotonic() > end:
                raise run.Failure("no prompt: " + self.console.text[-500:])
            self.console.read(0.2)
        text, self.console.text = self.console.text, ""
        return text

    def type(self, line):
        self.console.send(line + "\r")
        return self.answer()

    def paste(self, text, seen):
        self.console.send(text)
        return self.answer(EXEC, seen)

    def running(self):
        """The running-config without what says when it was changed. Asked
        for beside the console, where log lines come in between."""
        p = run.subprocess.run(
            [self.player.cohort, "exec", "-s", self.player.state,
             "R1", "show running-config"], capture_output=True, check=True)
        return re.sub(r"^Current configuration : \d+ bytes\n|"
                      r"(^! (Last|NVRAM) config.*\n)+!\n", "",
                      p.stdout.decode("latin-1"), flags=re.M)

    def end(self):
        self.player.end()
        run.shutil.rmtree(self.dir)
        return self.player.results  # how it ended, when not with 0


def typed_by_hand(text):
    """The commands of a transcript: no prompts, prose, or output. What stands
    behind a prompt is typed in that mode."""
    transcript = re.search(r"^\w+(\([\w-]+\))?#", text, re.M)
    lines = []
    config = True
    for line in text.split("\n"):
        m = re.match(r"\w+(\([\w-]+\))?#\s*(.*)", line)
        if m:
            if config != bool(m.group(1)):
                lines.append("end" if config else "configure terminal")
            config = bool(m.group(1))
            line = m.group(2)
            if line == "conf t":
                config = True
            elif line == "end":
                config = False
        elif transcript and not (config and line.startswith(PLAIN)):
            continue
        lines.append(line)
    return lines


def three_ways(cohort, name, text):
    # a log line behind the prompt would hide it from us
    quiet = "no logging console\n"
    loaded = Router(cohort, quiet + text)
    typed = Router(cohort, quiet + "end\n")
    pasted = Router(cohort, quiet + "end\n")
    routers = [loaded, typed, pasted]
    try:
        typed.attach()
        pasted.attach()
        typed.type("configure terminal")
        refused = []
        for line in typed_by_hand(text):
            out = typed.type(line)
            if "\r\n% Invalid" in out or "\r\n% Incomplete" in out or \
                    "\r\n% Ambiguous" in out:
                refused.append(out)
        result(not refused, "%s: typed, no line is refused" % name,
               "\n".join(refused))
        typed.paste("end\rshow users\r", "    Line ")
        pasted.type("configure terminal")
        pasted.paste(text.replace("\n", "\r") + "\rend\rshow users\r",
                     "    Line ")
        want = loaded.running()
        for how, router in (("typed", typed), ("pasted", pasted)):
            diff = run.difflib.unified_diff(
                want.split("\n"), router.running().split("\n"), "loaded", how,
                lineterm="", n=2)
            diff = "\n".join(diff)
            result(not diff, "%s: %s is as loaded" % (name, how), diff)
        # what was printed is a configuration again, and the same
        again = Router(cohort, want)
        routers.append(again)
        same = again.running()
        result(same == want, "%s: as printed, loaded again, is the same" % name,
               same)
    finally:
        for router in routers:
            bad = router.end()
            if bad:
                result(False, "%s: the router ends" % name, bad)


# containerlab types this into the first console of a cisco_iol node, blind.
BURST = ("\renable\rconfig terminal\rinterface Ethernet0/0\r ip address "
         "172.20.20.2 255.255.255.0\rno ipv6 address\r ipv6 address "
         "2001:172:20:20::2/64\rexit\rip route vrf clab-mgmt 0.0.0.0 0.0.0.0 "
         "Ethernet0/0 172.20.20.1\rend\rwr\r")


def burst(cohort):
    r = Router(cohort, """hostname iol
vrf definition clab-mgmt
 address-family ipv4
 address-family ipv6
interface Ethernet0/0
 vrf forwarding clab-mgmt
 no shutdown
end
""")
    r.console = run.Terminal([cohort, "console", "-s", r.player.state], 24,
                             80, dict(os.environ, TERM="vt100"))
    r.player.terminals["a"] = r.console
    r.console.send(BURST)
    out = r.answer(EXEC, "[OK]")
    result("% " not in out, "containerlab's burst: nothing is refused", out)
    path = r.player.state + "/startup-config"
    saved = ""
    if os.path.exists(path):
        with open(path, encoding="latin-1") as f:
            saved = f.read()
    result(" ip address 172.20.20.2 255.255.255.0\n" in saved and
           " ipv6 address 2001:172:20:20::2/64\n" in saved and
           "ip route vrf clab-mgmt 0.0.0.0 0.0.0.0 Ethernet0/0 172.20.20.1\n"
           in saved, "containerlab's burst: all of it is saved", saved)
    r.end()


def paste_during_ping(cohort):
    r = Router(cohort, """hostname R1
interface FastEthernet0/0
 ip address 10.9.0.1 255.255.255.0
end
""").attach()
    r.console.send("ping 10.9.0.77 repeat 2 timeout 1\r")
    while "Sending 2," not in r.console.text:
        r.console.read(1)
    lines = ["permit tcp host 10.%d.%d.7 any eq 443" % (i / 250, i % 250)
             for i in range(2000)]
    out = r.paste("\r".join(["configure terminal",
                             "ip access-list extended BIG"] + lines +
                            ["end", "show access-lists BIG | count permit",
                             ""]), "regexp = ")
    result("regexp = 2000" in out, "2000 lines pasted while a ping runs act",
           out[-1000:])
    text = "".join(out.split("\r\n"))
    wrong = [s for s in lines + ["configure terminal"] if text.count(s) != 1]
    result(not wrong, "each of them is echoed once", "\n".join(wrong))
    result("\r\nSuccess rate is 0 percent (0/2)\r\n" in out,
           "and the ping has its result", out[:500])
    r.end()


def main():
    cohort = os.path.abspath(sys.argv[1])
    if "--inside" not in sys.argv:
        os.execvp("unshare", run.apart() + [sys.executable, __file__, cohort,
                                            "--inside"])
    run.network()
    files = sorted(glob.glob(HERE + "/../config/seed*.in") +
                   glob.glob(HERE + "/../../examples/*/*.cfg"))
    for path in files:
        with open(path, encoding="latin-1") as f:
            text = f.read()
        name = "/".join(path.split("/")[-2:])
        try:
            three_ways(cohort, name, text)
        except run.Failure as e:
            result(False, name, e)
    for test in (burst, paste_during_ping):
        try:
            test(cohort)
        except run.Failure as e:
            result(False, test.__name__, e)
    print("%d passed, %d failed" % tuple(totals))
    return totals[1] != 0


if __name__ == "__main__":
    sys.exit(main())

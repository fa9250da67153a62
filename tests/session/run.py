#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# Recorded sessions: plays NAME.session on consoles of a real router, each on
# a pseudo-terminal, and compares every octet that comes out with NAME.golden.
#
#   run.py ---pty--- cohort console      cohort run -d, alone in a network
#      \------pty--- cohort console      namespace: eth1 ==veth== peer1
#
# usage: run.py [-u] [-k] COHORT SESSION...
#	-u  write the golden files instead of comparing with them
#	-k  keep the directories, with the log of the router and NAME.out
#
# A session file has one step a line; blank lines and those with # are none.
# In TEXT, \r \n \t \b \a \e \\ \xNN are what they are in C, \s is a blank.
#
#   router NAME <<EOF   the startup-config, up to the line EOF
#   replace WHAT        what varies and is replaced: see VARIES
#   sub REGEX => TEXT   the same for this session only
#   start               starts the router (the first open does)
#   open NAME [ROWSxCOLS] [-- COMMAND...]
#                       a console on a new terminal, which the steps are
#                       then for; COMMAND instead, by sh, with $COHORT $STATE
#   on NAME             the steps are for that terminal again
#   > TEXT              types TEXT and Enter, up to the next prompt or question
#   type TEXT           types TEXT, up to what the golden file has
#   paste [more] <<EOF  types a block in one write, Enter behind each line, up
#                       to the prompt that answers the last one (more: as type)
#   wait TEXT           until this was shown
#   resize ROWSxCOLS    another window size
#   shell COMMAND       a command by sh, beside the router
#   answered            nothing typed: up to the next prompt or question
#   closed              until the terminal is closed by the other side
#   ready               until the router is ready (after a reload)
#
# A golden file has a line `--- STEP` for each step and below it what came.
# CR LF is a line end there; other control characters and blanks at the end
# of a line are written as in TEXT. ESC and NUL fail a session wherever they
# are. Nothing is slept for: a step ends when what has come is what the golden
# file has, or, for a step that does not pass, when no more comes.

import argparse
import concurrent.futures
import difflib
import fcntl
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

LIMIT = 60  # seconds that a prompt may take
SILENCE = 1.0  # a step that ought to be over is, when this long nothing came
PATIENCE = 5  # with what is not yet as it ought to be, on a busy machine

# What is at the end when the other side waits for keys: a prompt, a question,
# the pager.
PROMPT = (r"(?:\A|[\r\n])[\w.-]{1,64}(?:\([\w-]+\))?[>#]\Z")
WAITS = re.compile(PROMPT + r"|(?:\?|\]:|name:|word:|available|address:|interface:|route:) ?\Z"
                   r"|\[confirm\] ?\Z| --More-- \Z|started\.[\r\n]*\Z")
PROMPT = re.compile(PROMPT)

VARIES = {
    "time": [
        (r"\*[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d(\.\d+)?", "*TIME"),
        (r"\*?\d\d:\d\d:\d\d\.\d+ UTC \w{3} \w{3} \d+ \d{4}", "*TIME"),
        (r"\d\d:\d\d:\d\d UTC \w{3} \w{3} \d+ \d{4}", "TIME"),
        (r"\w{3} [ \d]\d \d{4} \d\d:\d\d:\d\d \+00:00", "DATE")],
    "uptime": [(r"uptime is .*", "uptime is UPTIME")],
    "rtt": [(r"= \d+/\d+/\d+ ms", "= N/N/N ms")],
    "secs": [(r"in \d+\.\d+ secs \(\d+ bytes/sec\)",
              "in N secs (N bytes/sec)")],
}

ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "b": "\b", "a": "\a",
           "e": "\x1b", "s": " ", "\\": "\\"}


def unescape(text):
    def one(m):
        if m.group(1):
            return chr(int(m.group(1), 16))
        return ESCAPES.get(m.group(2), m.group(0))
    return re.sub(r"\\(?:x([0-9a-fA-F]{2})|(.))", one, text)


def visible(text):
    """What a terminal got, as the golden file has it."""
    names = {v: "\\" + k for k, v in ESCAPES.items() if v != " "}
    out = []
    for line in text.split("\r\n"):
        line = "".join(c if " " <= c <= "~" and c != "\\" else
                       names.get(c, "\\x%02x" % ord(c)) for c in line)
        if line.endswith(" "):
            line = line[:-1] + "\\s"
        out.append(line)
    return "\n".join(out)


class Failure(Exception):
    pass


class Session:
    """A session file: its router, its steps, what it replaces."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)[:-len(".session")]
        self.golden = path[:-len(".session")] + ".golden"
        self.router = "R1"
        self.config = "hostname R1\nend\n"
        self.varies = list(VARIES["time"])
        self.steps = []  # (text of the step, word, argument, block or None)
        with open(path, encoding="latin-1") as f:
            lines = iter(f.read().split("\n"))
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            block = None
            m = re.match(r"(.*?)\s*<<(\S+)$", line)
            if m and not line.startswith(("> ", "type ", "shell ")):
                block = []
                for more in lines:
                    if more == m.group(2):
                        break
                    block.append(more)
                line = m.group(1)
            self.add(line, block, number)

    def add(self, line, block, number):
        word, _, arg = line.partition(" ")
        if word == "router":
            self.router = arg
            self.config = "\n".join(block) + "\n"
        elif word == "replace":
            for what in arg.split():
                self.varies += VARIES[what]
        elif word == "sub":
            self.varies.append(tuple(arg.split(" => ", 1)))
        elif hasattr(Player, "do_" + WORDS.get(word, word)):
            self.steps.append((line, word, arg, block))
        else:
            raise Failure("%s:%d: what is %s?" % (self.path, number, word))

    def replace(self, text):
        for regex, new in self.varies:
            text = re.sub(regex, new, text)
        return text

    def expected(self):
        """What the golden file has for each step."""
        try:
            with open(self.golden, encoding="ascii") as f:
                text = f.read()
        except OSError:
            return []
        return [s.partition("\n")[2]
                for s in re.split(r"^--- ", text, flags=re.M)[1:]]


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, argv, rows, cols, env):
        self.master, slave = os.openpty()
        self.resize(rows, cols)
        self.process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env=env,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.text = ""  # what came since the last step
        self.ended = False

    def resize(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, cols, 0, 0))

    def read(self, seconds):
        """True: something came."""
        if self.ended or not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        self.ended = data == b""
        self.text += data.decode("latin-1")
        return True

    def send(self, text):
        """Types, and reads meanwhile, as a terminal does: no deadlock."""
        data = text.encode("latin-1")
        end = time.monotonic() + LIMIT
        while data:
            r, w, _ = select.select([self.master], [self.master], [], 1)
            if r and not self.read(0):
                return
            if w:
                try:
                    data = data[os.write(self.master, data[:1024]):]
                except OSError:
                    return
            if time.monotonic() > end:
                raise Failure("the terminal takes no more keys")

    def close(self):
        os.close(self.master)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


WORDS = {">": "line"}


class Player:
    """Plays the steps of a session; results has the golden text of each."""

    def __init__(self, session, cohort, directory, update):
        self.session = session
        self.cohort = cohort
        self.dir = directory
        self.state = directory + "/state"
        self.update = update
        self.router = None
        self.terminals = {}
        self.now = None
        self.want = None  # what the golden file has for this step
        self.results = []
        self.banned = set()
        self.env = dict(os.environ, COHORT=cohort, STATE=self.state,
                        TERM="vt100")

    def play(self):
        expected = self.session.expected()
        try:
            for i, (line, word, arg, block) in enumerate(self.session.steps):
                self.want = expected[i] if i < len(expected) else None
                try:
                    getattr(self, "do_" + WORDS.get(word, word))(arg, block)
                finally:
                    self.results.append("--- %s\n%s\n" % (line, self.take()))
        finally:
            self.end()

    def take(self):
        """What came for this step."""
        if self.now is None:
            return ""
        raw, self.now.text = self.now.text, ""
        self.banned |= set(raw) & {"\x1b", "\0"}
        return visible(self.session.replace(raw))

    def passes(self):
        return (not self.update and self.want is not None and
                visible(self.session.replace(self.now.text)) + "\n"
                == self.want)

    def settle(self, over):
        """Until what came is as it ought to be; else until over() and then
        silence."""
        known = self.want is not None and not self.update
        silence = PATIENCE if known else SILENCE
        silent = time.monotonic()
        start = silent
        while not self.passes():
            if self.now.read(0.05):
                silent = time.monotonic()
            now = time.monotonic()
            if over() and (now - silent > silence or self.now.ended):
                return
            if self.now.ended:
                raise Failure("the terminal was closed")
            if now - start > LIMIT:
                raise Failure("nothing to see after %d s" % LIMIT)

    def waits(self):
        return WAITS.search(self.now.text) is not None

    # ---- the steps

    def do_start(self, _arg, _block):
        with open(self.dir + "/startup", "w", encoding="latin-1") as f:
            f.write(self.session.config)
        with open(self.dir + "/log", "w", encoding="latin-1") as log:
            self.router = subprocess.Popen(
                [self.cohort, "run", "-d", "-n", self.session.router, "-c",
                 self.dir + "/startup", "-s", self.state],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.do_ready(None, None)

    def do_ready(self, _arg, _block):
        end = time.monotonic() + LIMIT
        while not os.path.exists(self.state + "/ready"):
            if self.router.poll() is not None or time.monotonic() > end:
                with open(self.dir + "/log", encoding="latin-1") as log:
                    raise Failure("the router did not start: " + log.read())
            time.sleep(0.02)

    def do_open(self, arg, _block):
        if self.router is None:
            self.do_start(None, None)
        words, _, command = arg.partition("-- ")
        words = words.split()
        rows, cols = 24, 80
        if len(words) > 1:
            rows, cols = map(int, words[1].split("x"))
        argv = [self.cohort, "console", "-s", self.state]
        if command:
            argv = ["sh", "-c", command]
        self.now = Terminal(argv, rows, cols, self.env)
        self.terminals[words[0]] = self.now
        self.settle(self.waits)

    def do_on(self, arg, _block):
        self.now = self.terminals[arg]

    def do_line(self, arg, _block):
        self.now.send(unescape(arg) + "\r")
        self.settle(self.waits)

    def do_type(self, arg, _block):
        self.now.send(unescape(arg))
        self.settle(lambda: True)

    def do_paste(self, arg, block):
        lines = [unescape(s) for s in block]
        self.now.send("\r".join(lines) + "\r")
        if arg == "more":
            self.settle(lambda: True)
        else:
            last = lines[-1]
            self.settle(lambda: self.waits() and last in self.now.text)

    def do_wait(self, arg, _block):
        text = unescape(arg)
        end = time.monotonic() + LIMIT
        while text not in self.now.text:
            if self.now.ended or time.monotonic() > end:
                raise Failure("no %r" % text)
            self.now.read(0.2)
        self.settle(lambda: True)

    def do_answered(self, _arg, _block):
        self.settle(self.waits)

    def do_resize(self, arg, _block):
        self.now.resize(*map(int, arg.split("x")))
        self.settle(lambda: True)

    def do_shell(self, arg, _block):
        r = subprocess.run(["sh", "-c", arg], env=self.env, timeout=LIMIT,
                           stdin=subprocess.DEVNULL, capture_output=True,
                           check=False)
        text = (r.stdout + r.stderr).decode("latin-1")
        if self.now is None:
            if r.returncode != 0:
                raise Failure("%s: %s" % (arg, text))
            return
        self.now.text += text.replace("\n", "\r\n")
        if r.returncode != 0:
            self.now.text += "exit %d\r\n" % r.returncode

    def do_closed(self, _arg, _block):
        end = time.monotonic() + LIMIT
        while not self.now.ended:
            if time.monotonic() > end:
                raise Failure("the terminal is still open")
            self.now.read(0.2)

    def end(self):
        for t in self.terminals.values():
            t.close()
        if self.router is None:
            return
        self.router.send_signal(signal.SIGTERM)
        try:
            status = self.router.wait(30)
        except subprocess.TimeoutExpired:
            self.router.kill()
            self.router.wait()
            status = "killed: it did not end"
        if status != 0:
            self.results.append("the router's end: %s\n" % status)


def apart():
    """The command that runs another in a network namespace of its own."""
    if os.getuid() == 0:
        return ["unshare", "--net"]
    return ["unshare", "--net", "--user", "--map-root-user"]


def network():
    """A link, unless this is still the namespace of the parent."""
    try:
        if os.readlink("/proc/self/ns/net") == \
                os.readlink("/proc/%d/ns/net" % os.getppid()):
            sys.exit("not in a network namespace of its own")
    except PermissionError:
        pass  # another user's: so it is another namespace
    subprocess.run("ip link set lo up; ip link add eth1 type veth peer name "
                   "peer1; ip link set peer1 up", shell=True, check=True)


def compare(session, text, bad):
    """The lines to print below FAIL, none when all is well."""
    try:
        with open(session.golden, encoding="ascii") as f:
            golden = f.read()
    except OSError:
        golden = ""
    if golden == text and not bad:
        return []
    diff = difflib.unified_diff(
        golden.splitlines(), text.splitlines(),
        os.path.basename(session.golden), "what came", lineterm="", n=2)
    return bad + list(diff)


def play_one(path, cohort, update, keep):
    """Runs in a network namespace of its own. True: passed."""
    session = Session(path)
    directory = tempfile.mkdtemp(prefix="cohort-session.")
    player = Player(session, cohort, directory, update)
    why = None
    try:
        network()
        player.play()
    except Failure as e:
        why = str(e)
    text = "".join(player.results)
    if update and why is None:
        with open(session.golden, "w", encoding="ascii") as f:
            f.write(text)
    bad = [why] if why else []
    bad += ["a terminal got %s" % visible(c) for c in player.banned]
    bad = compare(session, text, bad)
    print("%-4s  session %s" % ("FAIL" if bad else "ok", session.name))
    for line in bad[:400]:
        print("      | " + line)
    if keep:
        with open(directory + "/out", "w", encoding="ascii") as f:
            f.write(text)
        print("      (%s)" % directory)
    else:
        shutil.rmtree(directory)
    return not bad


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-u", dest="update", action="store_true")
    p.add_argument("-k", dest="keep", action="store_true")
    p.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    p.add_argument("cohort")
    p.add_argument("sessions", nargs="+")
    a = p.parse_args()
    a.cohort = os.path.abspath(a.cohort)
    if a.one:
        return not play_one(a.sessions[0], a.cohort, a.update, a.keep)

    if subprocess.run(apart() + ["true"], check=False).returncode != 0:
        print("neither root nor user namespaces")
        return 77

    def play(path):
        argv = apart() + [sys.executable, os.path.abspath(__file__), "--one"]
        argv += ["-u"] * a.update + ["-k"] * a.keep + [a.cohort, path]
        r = subprocess.run(argv, stdout=subprocess.PIPE, text=True,
                           stderr=subprocess.STDOUT, check=False)
        if "  session " not in r.stdout:
            r.stdout += "FAIL  session %s: the test itself\n" % path
            r.returncode = 1
        print(r.stdout, end="", flush=True)
        return r.returncode == 0

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        good = list(pool.map(play, a.sessions))
    print("%d passed, %d failed" % (sum(good), len(good) - sum(good)))
    return not all(good)


if __name__ == "__main__":
    sys.exit(main())

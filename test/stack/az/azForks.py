"""Runs commands of the Azure CLI, its modules imported once for all: each is a fork of this process that runs the
script az as it is, with the arguments, folder, environment and streams of who asked. Only its waits between two looks at
a run or a log are shorter.

    azForks.py SOCKET AZ

What a command imports is imported here too when it has ended, so that the next finds it.
"""
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import time


def look_more_often():
    """az waits 30 s before it looks at a run with --no-logs, and 2 to 17 s before it looks at a log. Here it is a tenth."""
    sleep = time.sleep

    def sleep_less(seconds):
        caller = sys._getframe(1).f_globals.get("__name__", "")
        sleep(seconds / 10 if caller.endswith((".acr._run_polling", ".acr._stream_utils")) else seconds)

    time.sleep = sleep_less


def run(az, asked, fds, told):
    """A command, in a process of its own. Gives what it ends with."""
    for to, fd in enumerate(fds):
        os.dup2(fd, to)
        os.close(fd)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    before = set(sys.modules)
    sys.argv = [az, *asked["args"]]
    try:
        runpy.run_path(az, run_name="__main__")
        return 0
    except SystemExit as end:
        return end.code
    finally:
        # A pipe takes 64 KiB at once, and names that do not fit are learned from another command.
        os.write(told, "\n".join(sorted(set(sys.modules) - before)).encode()[:60_000])


def learn(names):
    """Imports what a command has imported; what cannot be, is left to each command. `__main__` would run."""
    for name in names:
        if name not in sys.modules and not name.endswith("__main__"):
            try:
                importlib.import_module(name)
            except Exception:
                pass


def serve(path, az):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    events = selectors.DefaultSelector()
    events.register(listener, selectors.EVENT_READ)
    # It ends with the process that has the other end of its input.
    events.register(sys.stdin, selectors.EVENT_READ)
    print("ready", flush=True)
    running = {}
    while True:
        for key, _ in events.select():
            if key.fileobj is sys.stdin:
                return 0
            if key.fileobj is listener:
                asker, _ = listener.accept()
                line, fds, _, _ = socket.recv_fds(asker, 1 << 20, 3)
                while not line.endswith(b"\n"):
                    line += asker.recv(1 << 20)
                hears, told = os.pipe()
                pid = os.fork()
                if pid == 0:
                    listener.close()
                    asker.close()
                    events.close()
                    os.close(hears)
                    return run(az, json.loads(line), fds, told)
                for fd in (*fds, told):
                    os.close(fd)
                running[pid] = asker
                events.register(asker, selectors.EVENT_READ, pid)
                events.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, hears))
            elif isinstance(key.data, tuple):
                events.unregister(key.fileobj)
                os.close(key.fileobj)
                pid, hears = key.data
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                asker = running.pop(pid)
                events.unregister(asker)
                try:
                    asker.sendall(b"%d" % (code if code >= 0 else 128 - code))
                except OSError:
                    pass
                asker.close()
                with open(hears) as names:
                    learn(names.read().split("\n"))
            elif key.data in running:
                # Who asked was killed: so is the command.
                os.kill(key.data, signal.SIGKILL)


look_more_often()
sys.exit(serve(*sys.argv[1:]))

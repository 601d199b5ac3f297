"""Runs a Python program that ends when whoever started it is gone.

`python -m tgadmin.local.parent_watch FD -m MODULE …` or `… FD FILE …`. FD is the read end of a pipe whose write end
only the parent holds. The kernel closes that end however the parent dies, on every system; the death signal (spawn.py)
is quicker, but follows the thread that forked, and is Linux' own.
"""

import os
import runpy
import signal
import sys
import threading

GRACE_SECONDS = 15.0


def watch(descriptor: int, grace: float = GRACE_SECONDS) -> threading.Thread:
    """SIGTERM to ourselves at the end of the pipe; after `grace` seconds our whole process group is killed."""

    def wait_for_end() -> None:
        while os.read(descriptor, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(grace)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    thread = threading.Thread(target=wait_for_end, name="tied to the parent", daemon=True)
    thread.start()
    return thread


def main() -> None:
    descriptor, *rest = sys.argv[1:]
    os.set_inheritable(int(descriptor), False)
    watch(int(descriptor))
    if rest[0] == "-m":
        sys.argv = rest[1:]
        sys.path.insert(0, os.getcwd())
        runpy.run_module(rest[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = rest
        sys.path.insert(0, os.path.dirname(os.path.abspath(rest[0])))
        runpy.run_path(rest[0], run_name="__main__")


if __name__ == "__main__":
    main()

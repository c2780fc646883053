"""Becomes the program that the stack wants to run; started as a script by `processes.start`, never
imported.

What has to happen between fork and exec happens here, in a fresh single-threaded interpreter,
because doing it in a `preexec_fn` of a process with threads can deadlock. The order matters: the
kernel forgets the parent-death signal when the user changes, so the user changes first. Only the
standard library is at hand, and the first argument is a JSON object:

- `argv`: the program and its arguments.
- `cwd`: where it runs; core files and the JVM's error files land there.
- `user`: `[uid, gid]` to change to, or null.
- `parent`: the pid that it must not outlive, or null for a program that stays when its parent goes.
- `death_signal`: what the kernel sends it when the parent goes.
- `probe`: instead of running anything, exit with 0 if that user may read and enter all these paths,
  else with 1.
"""

import ctypes
import json
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Do what the JSON object asks for; does not return unless it only probes."""
    task = json.loads(sys.argv[1])
    if task["user"]:
        uid, gid = task["user"]
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    if probe := task.get("probe"):
        sys.exit(0 if all(os.access(path, os.R_OK | os.X_OK) for path in probe) else 1)
    if task["parent"]:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, task["death_signal"], 0, 0, 0)
        if os.getppid() != task["parent"]:  # it died before the kernel knew that we care
            sys.exit(1)
    os.umask(0o077)
    os.chdir(task["cwd"])
    os.execv(task["argv"][0], task["argv"])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()

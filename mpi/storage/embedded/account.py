"""The user PostgreSQL runs as: ourselves, or an unprivileged one when we are root."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpi.errors import EmbeddedDatabaseFailed

#: Existing users only: no account is created and no permission outside our own directories is changed.
UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user and group to run programs as; ``dropped`` when it is not the one we are."""

    name: str
    uid: int
    gid: int
    dropped: bool

    def popen_arguments(self) -> dict[str, Any]:
        """What ``subprocess`` needs to run a program as this user."""
        if not self.dropped:
            return {"cwd": "/"}
        return {"cwd": "/", "user": self.uid, "group": self.gid, "extra_groups": []}

    def can_run(self, program: Path) -> bool:
        return self._test('test -x "$1" && test -r "$1"', program)

    def can_enter(self, directory: Path) -> bool:
        return self._test('cd "$1"', directory)

    def own(self, path: Path, mode: int) -> None:
        """Hand a path of ours to this user."""
        if self.dropped:
            os.chown(path, self.uid, self.gid)
        path.chmod(mode)

    def _test(self, script: str, path: Path) -> bool:
        if not self.dropped:
            return os.access(path, os.R_OK | os.X_OK)
        command = ["/bin/sh", "-c", script, "sh", str(path)]
        return (
            subprocess.run(
                command, stderr=subprocess.DEVNULL, check=False, **self.popen_arguments()
            ).returncode
            == 0
        )


def account_for(cluster: Path) -> Account:
    """Who runs the server on ``cluster``: the owner of existing data, else ourselves or, for root, another.

    Raises ``EmbeddedDatabaseFailed`` when we may not run as that user, or are root without one to drop to.
    """
    owner = cluster.stat().st_uid if cluster.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise EmbeddedDatabaseFailed(
                f"the data in {cluster} belong to the user {_name(owner)}: "
                "run as that user or set MPI_HOME to another directory"
            )
        return Account(name=_name(os.geteuid()), uid=os.geteuid(), gid=os.getegid(), dropped=False)
    if owner:
        return Account(name=_name(owner), uid=owner, gid=cluster.stat().st_gid, dropped=True)
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, dropped=True)
    raise EmbeddedDatabaseFailed(
        "PostgreSQL refuses to run as root and this machine has no user "
        f"{' or '.join(UNPRIVILEGED)} to run it as: run mpi as an ordinary user or set DATABASE_URL"
    )


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid if uid is not None else -1).pw_name
    except (KeyError, OverflowError):
        return str(uid)

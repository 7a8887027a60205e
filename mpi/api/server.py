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


def refuse_open_mllp(settings: Settings, host: str) -> None:
    """Refuse MLLP beyond this machine for whoever comes: MLLP itself knows no credentials. Raises BadInput.

    Either clients show a certificate of an authority we were told, or the addresses that may connect are
    listed; with MPI_AUTH=off neither is enough.
    """
    if settings.mllp_client_ca is not None and settings.mllp_tls_cert is None:
        raise BadInput("client certificates need TLS: set MPI_MLLP_TLS_CERT too", field="MPI_MLLP_CLIENT_CA")
    if is_loopback(host):
        return
    refuse_open_door(settings, host)
    if settings.mllp_client_ca is None and settings.mllp_allow is None:
        raise BadInput(
            f"MLLP on {host} would take messages from anybody: ask for client certificates "
            "(--mllp-tls-cert and --mllp-client-ca) or list who may connect (--mllp-allow)",
            field="MPI_MLLP",
        )

"""``mpi serve --mllp``: what would let anybody in does not start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli_calls import Mpi
from mpi.api.server import refuse_open_mllp
from mpi.errors import BadInput
from mpi.settings import Settings


@pytest.mark.parametrize(
    ("host", "settings", "allowed"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("0.0.0.0", {}, False),
        ("10.0.0.5", {"mllp_tls_cert": Path("cert.pem")}, False),
        ("0.0.0.0", {"mllp_tls_cert": Path("cert.pem"), "mllp_client_ca": Path("ca.pem")}, True),
        ("0.0.0.0", {"mllp_allow": "10.1.0.0/16"}, True),
        ("0.0.0.0", {"mllp_allow": "10.1.0.0/16", "auth": "off"}, False),
        ("127.0.0.1", {"mllp_client_ca": Path("ca.pem")}, False),
    ],
)
def test_beyond_this_machine_somebody_has_to_be_told_apart(
    host: str, settings: dict[str, Any], allowed: bool
) -> None:
    asked = Settings(**settings)
    if allowed:
        refuse_open_mllp(asked, host)
    else:
        with pytest.raises(BadInput):
            refuse_open_mllp(asked, host)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mllp", "0.0.0.0:0"], "--mllp-allow"),
        (["--mllp", "2575"], "MPI_MLLP"),
        (["--mllp", "localhost:99999"], "not HOST:PORT"),
        (["--mllp", "127.0.0.1:0", "--mllp-allow", "everybody"], "MPI_MLLP_ALLOW"),
        (["--mllp", "127.0.0.1:0", "--mllp-tls-cert", __file__], "MPI_MLLP_TLS_CERT"),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(mpi: Mpi, arguments: list[str], said: str) -> None:
    refused = mpi("serve", "--port", "0", *arguments)
    assert refused.code == 2
    assert said in refused.err

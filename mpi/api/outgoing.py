"""What we send to others: one POST at a time, to where the operator lets us, and never along a redirect."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

TIMEOUT_SECONDS: Final = 10.0
READ_BYTES: Final = 64 * 1024


class NotSent(Exception):
    """It did not arrive, or was not taken; the message says why, without any of what was sent."""


class Outgoing:
    """Sends to public addresses, and to the hosts that ``allowed`` names (``host`` or ``host:port``)."""

    def __init__(self, allowed: Iterable[str] = (), *, loopback: bool = False) -> None:
        self._allowed = frozenset(name.strip().lower() for name in allowed if name.strip())
        self._loopback = loopback

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of a POST that was taken (2xx). Raises NotSent."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = self._checked_address(host, port)
        connection = _Pinned(host, port, address, is_tls=parts.scheme == "https")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", path, body, dict(headers))
            response = connection.getresponse()
            response.read(READ_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise NotSent(f"no answer: {type(error).__name__}") from error
        finally:
            connection.close()
        if not 200 <= response.status < 300:
            raise NotSent(f"answered HTTP {response.status}")
        return response.status

    def _checked_address(self, host: str, port: int) -> str:
        """An address of the host that may be sent to: what is checked is what is connected to."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise NotSent("the host name cannot be resolved") from error
        addresses = [str(entry[4][0]) for entry in found]
        if {host.lower(), f"{host.lower()}:{port}"} & self._allowed:
            return addresses[0]
        for address in addresses:
            if not self._may_send_to(address):
                raise NotSent("the host has an address that is not public: MPI_NOTIFY_HOSTS can allow it")
        return addresses[0]

    def _may_send_to(self, address: str) -> bool:
        known = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is not None:
            known = known.ipv4_mapped
        return known.is_global or (self._loopback and known.is_loopback)


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was checked, under the name it was checked for."""

    def __init__(self, host: str, port: int, address: str, *, is_tls: bool) -> None:
        super().__init__(host, port, timeout=TIMEOUT_SECONDS)
        self._address = address
        self._is_tls = is_tls
        if is_tls:
            # Host without the port where it is the usual one.
            self.default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        """Connect to the address, with TLS for the name."""
        plain = socket.create_connection((self._address, self.port), timeout=self.timeout)
        if self._is_tls:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(plain, server_hostname=self.host)
        else:
            self.sock = plain

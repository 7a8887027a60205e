"""A client of the REST API that speaks for one of the roles."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from mpi.index import Index
from mpi.settings import Settings

ROLES = ("reader", "registrar", "reviewer", "steward", "admin")
V1 = "/api/v1"


@dataclass
class Api:
    """Requests as one of the roles; as nobody with ``role=None``."""

    client: TestClient
    index: Index
    keys: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, *, role: str | None = "steward", **options: Any) -> Any:
        """The response, whatever it is."""
        headers = dict(options.pop("headers", {}))
        if role is not None:
            headers["Authorization"] = f"Bearer {self.keys[role]}"
        return self.client.request(method, path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:
        """The answer of a GET below /api/v1, which must succeed."""
        return self.answer("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """The answer of a POST below /api/v1, which must succeed."""
        return self.answer("POST", path, json=body, **options)

    def answer(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of a request below /api/v1, which must succeed."""
        response = self.ask(method, V1 + path, **options)
        assert response.is_success, response.text
        return response.json()

    def problem(self, method: str, path: str, status: int, code: str | None = None, **options: Any) -> Any:
        """The problem document of a request below /api/v1, which must fail in this way."""
        response = self.ask(method, V1 + path, **options)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        document = response.json()
        if code is not None:
            assert document["code"] == code, document
        return document


def settings_of(database_url: str, home: Path, **more: Any) -> Settings:
    """The settings of a test: this database and nothing of the machine's own."""
    options: dict[str, Any] = {"auto_declare": True, "pool_size": 4, **more}
    return Settings(database_url=database_url, home=home, **options)

"""The desk served on this machine, a window at it, and people to settle."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from api_client import settings_of
from builders import GRACE
from mpi.api.app import create_app
from mpi.index import Actor, Index

CHROMIUM = shutil.which("chromium")
ADMIN = Actor(name="test", role="admin")
CLERK = Actor(name="clerk", role="registrar")

GIVEN = ("Aaliyah", "Bruno", "Carmen", "Dmitri", "Esther", "Farid", "Greta", "Hiroshi", "Ingrid", "Jamal",
         "Katya", "Leopold", "Marisol", "Nikolai", "Ottilie", "Pranav", "Quentin", "Rosalind", "Siobhan",
         "Thaddeus", "Ulrike", "Valentina", "Wolfgang", "Xiomara")  # fmt: skip
FAMILY = ("Abernathy", "Bjornstad", "Castellano", "Dombrowski", "Eisenhower", "Fitzwilliam", "Gunderson",
          "Hawthorne", "Iyengar", "Jablonski", "Kowalczyk", "Lindstrom", "Montgomery", "Nakamura", "Ostrand",
          "Pemberton", "Quackenbush", "Rasmussen", "Silverstein", "Thorvaldsen", "Underhill", "Vandermeer",
          "Wojciechowski", "Yarborough")  # fmt: skip


@dataclass
class Desk:
    """A served desk; ``keys`` has a client of every role."""

    url: str
    index: Index
    keys: dict[str, str] = field(default_factory=dict)

    def link(self, role: str = "steward") -> str:
        """A link that logs this role in."""
        return f"{self.url}/review/login?token={self.index.desk.login_link(f'the-{role}', actor=ADMIN)}"

    def open_tasks(self) -> list[Any]:
        """What waits, most harmful first."""
        return list(self.index.tasks(actor=ADMIN, limit=100).items)


def register(index: Index, **flat: Any) -> Any:
    """Register a flat record."""
    return index.receive({name: value for name, value in flat.items() if value is not None}, actor=CLERK)


def doubtful_pairs(index: Index, count: int) -> None:
    """So many pairs of records that the machine asks about: the second says too little to be linked."""
    for n in range(count):
        person = {
            "given": GIVEN[n % 24],
            "family": FAMILY[(n + n // 24 * 7) % 24],
            "birth_date": f"{1930 + 2 * n}-0{1 + n % 9}-{11 + n % 17}",
            "sex": "F" if n % 2 else "M",
        }
        full = {**GRACE, **person, "ssn": f"2{n:02}-45-{8100 + 13 * n}", "phone": f"617442{1000 + 37 * n}"}
        full["street"] = f"{40 + 7 * n} Alder Street"
        register(index, source="north", local_id=f"N{n}", **full)
        register(index, source="north" if n % 3 == 0 else "lab", local_id=f"L{n}", city="Boston", **person)


def twins(index: Index) -> None:
    """Two who are twins to all appearances; somebody gave both the number of the one."""
    home = {k: GRACE[k] for k in ("phone", "street", "city", "state", "zip")}
    both = {"family": "Okonkwo", "birth_date": "2015-06-09", "sex": "F", "ssn": "501-22-7781", **home}
    register(index, source="north", local_id="T1", given="Ngozi", **both)
    register(index, source="north", local_id="T2", given="Nkechi", **both)


@contextmanager
def served(database_url: str, home: Path, *, auth: str = "on", **settings: Any) -> Iterator[Desk]:
    """The application on a port of this machine."""
    app = create_app(settings_of(database_url, home, auth=auth, **settings))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, loop="asyncio"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.started
    try:
        index = app.state.index
        names = ("reader", "registrar", "reviewer", "steward", "admin")
        keys = (
            {role: index.add_client(f"the-{role}", role, actor=ADMIN) for role in names}
            if auth == "on"
            else {}
        )
        yield Desk(f"http://127.0.0.1:{listening.getsockname()[1]}", index, keys)
    finally:
        server.should_exit = True
        thread.join(timeout=20)


@dataclass
class Sitting:
    """One browser window at the desk, and everything it complained about."""

    page: Any
    complaints: list[str]

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def preview(self, key: str) -> None:
        """Press an answer's key and wait for what it would do."""
        self.page.keyboard.press(key)
        self.page.wait_for_selector("[data-decision][data-focused]")

    def commit(self, *keys: str) -> None:
        """Press these keys, then Enter, and wait for what follows. The first reason, if one is needed."""
        if not keys and self.page.locator("[name=reason]").count():
            keys = ("1",)
        with self.page.expect_navigation():
            self.press(*keys, "Enter")
        self.settled()

    def settled(self) -> None:
        """Wait until nothing is being loaded."""
        self.page.wait_for_load_state("networkidle")

    @property
    def current(self) -> str:
        """The row that is current."""
        return str(self.page.locator("#rows a.row[aria-current=true]").get_attribute("id"))


@contextmanager
def sitting(browser: Any, url: str, *, width: int = 1280, height: int = 800) -> Iterator[Sitting]:
    """A window of its own, with its own cookies, on a page; at the end it must not have complained."""
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    complaints: list[str] = []
    context.add_init_script(
        "document.addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective))"
    )
    page = context.new_page()
    page.on("dialog", lambda dialog: (complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("pageerror", lambda error: complaints.append(f"error {error}"))
    page.on("console", lambda line: complaints.append(line.text) if "CSP" in line.text else None)
    page.set_default_timeout(15_000)
    page.goto(url)
    page.wait_for_load_state("networkidle")
    try:
        yield Sitting(page, complaints)
        assert complaints == []
    finally:
        context.close()


#: Names that would be more than names on a page that does not escape them.
SCRIPT = "alert(1)"
PAYLOADS = [
    f"<img src=x onerror={SCRIPT}>",
    f"<script>{SCRIPT}</script>",
    f'"><script>{SCRIPT}</script>',
    f"'><svg onload={SCRIPT}>",
    f"<svg/onload={SCRIPT}>",
    f"javascript:{SCRIPT}",
    f"<a href=javascript:{SCRIPT}>x</a>",
    f'" autofocus onfocus={SCRIPT} x="',
    f"' onmouseover='{SCRIPT}",
    f"<iframe srcdoc='<script>{SCRIPT}</script>'>",
    f"<body onload={SCRIPT}>",
    f"<details open ontoggle={SCRIPT}>",
    f"<video><source onerror={SCRIPT}>",
    f"<math><mi xlink:href=javascript:{SCRIPT}>",
    "<style>*{display:none}</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    f"<form action=javascript:{SCRIPT}><button>",
    f"<div hx-get=/review/overview hx-trigger=load hx-on:click={SCRIPT}>",
    f"<div data-hx-on-load={SCRIPT}>",
    "{{ 7 * 7 }}",
    "{% include 'login.html' %}",
    "${7*7}",
    f"</title><script>{SCRIPT}</script>",
    f"--><script>{SCRIPT}</script>",
    f"]]><script>{SCRIPT}</script>",
    f"<object data=javascript:{SCRIPT}>",
    f"&lt;script&gt;{SCRIPT}&lt;/script&gt;",
    f"\u202e<script>{SCRIPT}</script>",
]

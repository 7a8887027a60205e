"""The review desk over HTTP: its routes, the browser's session, forgeries refused, failures as pages."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from mpi.api import problems
from mpi.api.access import ACCESS, is_key, is_loopback, local_actor
from mpi.api.body import read_body, refuse_type, refuse_url_text
from mpi.errors import BadInput, Forbidden, MpiError, NotFound, Unauthenticated
from mpi.index import Actor
from mpi.review.asked import Answer, Asked
from mpi.review.entrance import login_page, problem_page
from mpi.review.pages import PAGES, PREFIX, DeskPage
from mpi.review.rendering import STATIC, static_file

COOKIE: Final = "mpi_desk"
COOKIE_SECONDS: Final = 12 * 3600
#: A session that was ended elsewhere works for at most this long in a process that has just seen it.
CACHE_SECONDS: Final = 5.0
CACHED_MAX: Final = 1_000
FORM_BYTES_MAX: Final = 64 * 1024
FORM_FIELDS_MAX: Final = 50
FORM_TYPES: Final = ("application/x-www-form-urlencoded",)
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")

#: Nothing from elsewhere, nothing inline, nobody around it, and no text becomes markup but through desk.js.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types default desk-inert"
)


class DeskRoute(Route):
    """A route of the desk; its name has a row in ``access.ACCESS``."""


def routes() -> list[BaseRoute]:
    """Every route of the desk."""
    found: list[BaseRoute] = [
        DeskRoute(PREFIX + page.path, _endpoint(page), methods=[page.method], name=page.name)
        for page in PAGES
    ]
    found += [
        DeskRoute(PREFIX, _to_queue, methods=["GET"], name="desk_front"),
        DeskRoute(f"{PREFIX}/login", _framed(_show_login), methods=["GET"], name="desk_login"),
        DeskRoute(f"{PREFIX}/login", _framed(_log_in), methods=["POST"], name="desk_log_in"),
        DeskRoute(f"{PREFIX}/logout", _framed(_log_out), methods=["POST"], name="desk_log_out"),
        DeskRoute(f"{PREFIX}/static/{{name}}", _framed(_static), methods=["GET"], name="desk_static"),
    ]
    return found


def _framed(answer: Any) -> Any:
    """An endpoint whose failures are pages, or messages where htmx asked."""

    async def framed(request: Request) -> Response:
        request.scope["route"] = _route_of(request)
        try:
            response: Response = await answer(request)
        except Exception as error:
            request.scope["failure"] = error
            response = _failed(request, error)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return framed


def _route_of(request: Request) -> Any:
    """For the log and the metrics, which name the template and never the path."""
    return next((r for r in request.app.routes if isinstance(r, DeskRoute) and _matches(r, request)), None)


def _matches(route: DeskRoute, request: Request) -> bool:
    return route.path_regex.match(request.scope["path"]) is not None


def _failed(request: Request, error: Exception) -> Response:
    status = problems.of_exception(error).status_code
    told = str(error) if isinstance(error, MpiError | problems.Refusal) and status != 500 else None
    if isinstance(error, problems.Refusal):
        told = str(error.detail)
    if told is None:
        told = (
            f"The index failed on this request; its log names the fault under {request.scope['request_id']}."
        )
    is_partial = "hx-request" in request.headers
    if status == 401 and not is_partial:
        return _response(login_page(told if request.cookies.get(COOKIE) else "", 401))
    return _response(problem_page(status, told, is_partial=is_partial))


def _response(answer: Answer) -> Response:
    return Response(answer.html, answer.status, dict(answer.headers), "text/html; charset=utf-8")


def _endpoint(page: DeskPage) -> Any:
    async def asked(request: Request) -> Response:
        state = request.app.state
        secret, actor = await _who(request, page.name)
        refuse_url_text(request)
        form = await _form(request, secret) if page.method == "POST" else {}
        answer = await state.threads.run(
            page.answer,
            Asked(
                index=state.index,
                actor=actor,
                path={name: str(value) for name, value in request.path_params.items()},
                query=dict(request.query_params),
                form=form,
                csrf=_token(secret),
                is_partial="hx-request" in request.headers,
            ),
        )
        response = _response(answer)
        if request.cookies.get(COOKIE) != secret:
            _remember(request, response, secret)
        return response

    return _framed(asked)


async def _who(request: Request, action: str) -> tuple[str, Actor]:
    """The session's secret and who sits there. Raises Unauthenticated, Forbidden, having had it audited."""
    access = request.app.state.access
    secret = request.cookies.get(COOKIE, "")
    if access.auth_off:
        actor = local_actor(request)
        secret = secret if _SECRET.fullmatch(secret) else secrets.token_urlsafe(32)
    else:
        try:
            known = await _sessions(request).actor(request, secret)
        except Unauthenticated:
            await access.note_failure(request, action)
            raise
        actor = Actor(name=known.name, role=known.role, request_id=request.scope.get("request_id"))
        if actor.role not in ACCESS[action]:
            await access.refuse(actor, action)
    request.scope["actor"] = actor
    return secret, actor


class Sessions:
    """Who sits at which browser; looked up once in a while, not on every request."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[float, Actor]] = {}

    async def actor(self, request: Request, secret: str) -> Actor:
        """Who it is. Raises Unauthenticated for no session, or one that ended."""
        if not _SECRET.fullmatch(secret):
            raise Unauthenticated("log in first")
        digest = hashlib.sha256(secret.encode()).digest()
        expires, actor = self._known.get(digest, (0.0, None))
        if actor is not None and time.monotonic() < expires:
            return actor
        self._known.pop(digest, None)
        state = request.app.state
        found: Actor = await state.threads.run(state.index.desk.session, secret)
        if len(self._known) >= CACHED_MAX:
            self._known.clear()
        self._known[digest] = (time.monotonic() + CACHE_SECONDS, found)
        return found

    def forget(self, secret: str) -> None:
        """It has ended."""
        self._known.pop(hashlib.sha256(secret.encode()).digest(), None)


def _sessions(request: Request) -> Sessions:
    state = request.app.state
    if not hasattr(state, "desk_sessions"):
        state.desk_sessions = Sessions()
    found: Sessions = state.desk_sessions
    return found


def _token(secret: str) -> str:
    """What every form of a session repeats: only who holds the cookie can know it."""
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()[:40]


async def _form(request: Request, secret: str) -> Mapping[str, str]:
    """The form, from a page of this session. Raises Forbidden for one that was forged, BadInput, Refusal."""
    _refuse_foreign(request)
    form = await _read_form(request)
    sent = request.headers.get("x-csrf") or form.get("csrf", "")
    if not hmac.compare_digest(sent.encode(), _token(secret).encode()):
        raise Forbidden("this form is not of your session: load the page again")
    return form


def _refuse_foreign(request: Request) -> None:
    """Refuse what another site's page sends. Raises Forbidden.

    Our own pages name no referrer, so a plain form of theirs has the origin ``null``: then the browser has to
    say that it comes from this site.
    """
    headers = request.headers
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    foreign = origin is not None and origin.partition("://")[2] != headers.get("host", "")
    if (foreign and (origin, site) != ("null", "same-origin")) or site not in (None, "same-origin", "none"):
        raise Forbidden("this was sent by a page of another site")


async def _read_form(request: Request) -> dict[str, str]:
    refuse_type(request, FORM_TYPES)
    raw = await read_body(request, FORM_BYTES_MAX)
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FORM_FIELDS_MAX
        )
    except ValueError:
        raise BadInput("this form cannot be read", field="body") from None
    if any("\0" in text for pair in pairs for text in pair):
        raise BadInput("a field holds a NUL character", field="body")
    return dict(pairs)


async def _to_queue(request: Request) -> Response:
    return RedirectResponse(f"{PREFIX}/", 308)


async def _show_login(request: Request) -> Response:
    """The log-in page; with ``?token=`` of a link the session it opens, once."""
    state = request.app.state
    if state.access.auth_off:
        local_actor(request)
    token = request.query_params.get("token", "")
    if not token:
        return _response(login_page(is_open=state.access.auth_off))
    try:
        if not _SECRET.fullmatch(token):
            raise Unauthenticated("this is not a log-in link of this index")
        secret = await state.threads.run(state.index.desk.open_link, token)
    except Unauthenticated as error:
        request.scope["failure"] = error
        await state.access.note_failure(request, "desk_login")
        return _response(login_page(str(error), 401, is_open=state.access.auth_off))
    return _entered(request, secret)


async def _log_in(request: Request) -> Response:
    _refuse_foreign(request)
    state, form = request.app.state, await _read_form(request)
    key = form.get("key", "").strip()
    try:
        if not is_key(key):
            raise Unauthenticated("this is not a valid key")
        secret = await state.threads.run(state.index.desk.open_with_key, key)
    except Unauthenticated as error:
        request.scope["failure"] = error
        await state.access.note_failure(request, "desk_log_in")
        return _response(login_page(str(error), 401))
    return _entered(request, secret)


def _entered(request: Request, secret: str) -> Response:
    response = RedirectResponse(f"{PREFIX}/", 303)
    _remember(request, response, secret)
    return response


def _remember(request: Request, response: Response, secret: str) -> None:
    """The session as a cookie no script reads and no other site sends; over HTTPS but for this machine."""
    name = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    response.set_cookie(
        COOKIE,
        secret,
        max_age=COOKIE_SECONDS,
        path=PREFIX,
        secure=not is_loopback(name.strip("[]")),
        httponly=True,
        samesite="strict",
    )


async def _log_out(request: Request) -> Response:
    secret = request.cookies.get(COOKIE, "")
    await _form(request, secret)
    await request.app.state.threads.run(request.app.state.index.desk.close_session, secret)
    _sessions(request).forget(secret)
    response = RedirectResponse(f"{PREFIX}/login", 303)
    response.delete_cookie(COOKIE, path=PREFIX)
    return response


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in STATIC:
        raise NotFound("there is no such file")
    content = await asyncio.to_thread(static_file, name)
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(content, 200, headers, STATIC[name])

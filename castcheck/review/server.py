"""The web server of the page: this machine only, one token, nothing for other sites.

Starlette and uvicorn: their file responses answer range requests, without which no browser can
seek in a video, and a player that stops reading holds no thread.
"""

from __future__ import annotations

import hmac
import secrets
import socket
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
)
from starlette.routing import Route

from castcheck.report.html import icons, read_asset
from castcheck.report.writers import OutputError
from castcheck.review.decisions import DecisionError
from castcheck.support.json_text import from_json
from scenes.errors import CastcheckError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from castcheck.review.desk import Desk

HOST = "127.0.0.1"
MAX_BODY_BYTES = 64 * 1024
_SHARED = ("player.js", "report.css")  # with the report
_OWN = ("clip_list.js", "drawing.js", "panel.js", "review.css", "review.js", "store.js")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self'; connect-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# The report brings its own policy along; here it is looked at inside the page, without scripts.
_REPORT_POLICY = "sandbox; frame-ancestors 'self'"
_CLOSED = (
    "This page opens with the address that `castcheck review` has printed, token and all. "
    "If it was started again, there is a new one."
)


def listen(port: int) -> socket.socket:
    """Return a socket that listens on this machine only; port 0 = any free one.

    Raises:
        ConfigError: The port is in use or not allowed.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(64)
    except OSError as err:
        listener.close()
        reason = (err.strerror or str(err)).lower()
        raise ConfigError(
            f"port {port}: {reason}", where="--port", hint="choose another one, or 0 for a free one"
        ) from err
    return listener


def new_token() -> str:
    """Return a token nobody can guess."""
    return secrets.token_urlsafe(24)


def make_app(desk: Desk, *, token: str, port: int) -> ASGIApp:
    """Return the application.

    Args:
        desk: The state behind it.
        token: What the first request has to bring along.
        port: Where it listens; requests that name another host or origin are refused.
    """
    routes = [
        Route("/", _page),
        Route("/static/{name}", _asset),
        Route("/api/run", _endpoint(lambda desk, _: JSONResponse(desk.overview()))),
        Route("/api/clips/{index:int}", _endpoint(_clip)),
        Route("/api/decisions", _decide, methods=["POST"]),
        Route("/clips/{index:int}/video", _endpoint(_video)),
        Route("/clips/{index:int}/annotated", _endpoint(_annotated)),
        Route("/clips/{index:int}/poster", _endpoint(_poster)),
        Route("/clips/{index:int}/report", _endpoint(_report)),
        Route("/clips/{index:int}/frames/{frame:int}.jpg", _endpoint(_frame)),
    ]
    app = Starlette(routes=routes, exception_handlers={OutputError: _full, CastcheckError: _bad})
    app.state.desk = desk
    return Guard(app, token=token, port=port)


class Guard:
    """Lets in only who knows the token, from a page of ours: no other site, no other name.

    The `Host` is checked since a site could have its name point to this machine; `Origin` and
    `Sec-Fetch-Site` are what a browser says about who asks.
    """

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        self._app = app
        self._token = token
        self._cookie = f"castcheck-review-{port}"  # cookies know hosts, not ports
        self._hosts = frozenset({f"{HOST}:{port}", f"localhost:{port}"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope)
        entering = scope["path"] == "/" and self._knows(request.query_params.get("token", ""))
        refusal = self._refusal(request, entering=entering)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        cookie = f"{self._cookie}={self._token}; HttpOnly; SameSite=Strict; Path=/"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                named = {name for name, _ in headers}
                headers += [pair for pair in _HEADERS if pair[0] not in named]
                if entering:
                    headers.append((b"set-cookie", cookie.encode("ascii")))
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _refusal(self, request: Request, *, entering: bool) -> Response | None:
        host = request.headers.get("host", "")
        if host not in self._hosts:
            return PlainTextResponse("This server answers to its own name only.", 403)
        origin = request.headers.get("origin")
        safe = request.method in {"GET", "HEAD"}
        if (origin is None and not safe) or (origin is not None and origin != f"http://{host}"):
            return PlainTextResponse("Another site may not ask here.", 403)
        site = request.headers.get("sec-fetch-site", "none")
        if site not in {"same-origin", "none"} and not entering:
            return PlainTextResponse("Another site may not ask here.", 403)
        if not entering and not self._knows(request.cookies.get(self._cookie, "")):
            return PlainTextResponse(_CLOSED, 403)
        return None

    def _knows(self, word: str) -> bool:
        return hmac.compare_digest(word.encode("utf-8"), self._token.encode("utf-8"))


_HEADERS = (
    (b"content-security-policy", _POLICY.encode("ascii")),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


def _endpoint(answer: Callable[[Desk, Request], Response]) -> Callable[[Request], Response]:
    """Return an endpoint that runs in a thread, since it reads files or decodes."""

    def endpoint(request: Request) -> Response:
        desk: Desk = request.app.state.desk
        index = request.path_params.get("index", 0)
        if index >= len(desk.run.clips):
            return PlainTextResponse("There is no such clip.", 404)
        return answer(desk, request)

    return endpoint


def _page(_: Request) -> Response:
    return HTMLResponse(_own_asset("review.html").replace("<!-- icons -->", icons()))


def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in (*_SHARED, *_OWN):
        return PlainTextResponse("There is no such file.", 404)
    text = read_asset(name) if name in _SHARED else _own_asset(name)
    return Response(text, media_type=f"text/{'css' if name.endswith('.css') else 'javascript'}")


def _own_asset(name: str) -> str:
    return (files("castcheck.review") / "static" / name).read_text(encoding="utf-8")


def _clip(desk: Desk, request: Request) -> Response:
    return JSONResponse(desk.clip(request.path_params["index"]))


def _video(desk: Desk, request: Request) -> Response:
    return _file(desk.media(request.path_params["index"]).where.path)


def _annotated(desk: Desk, request: Request) -> Response:
    return _file(desk.media(request.path_params["index"]).annotated)


def _poster(desk: Desk, request: Request) -> Response:
    return _file(desk.poster(request.path_params["index"]))


def _report(desk: Desk, request: Request) -> Response:
    page = desk.media(request.path_params["index"]).page
    return _file(page, headers={"content-security-policy": _REPORT_POLICY})


def _frame(desk: Desk, request: Request) -> Response:
    source = desk.media(request.path_params["index"]).frames_from
    if source is None:
        return PlainTextResponse("The clip is not here.", 404)
    return Response(desk.shelf.jpeg(source, request.path_params["frame"]), media_type="image/jpeg")


def _file(path: Path | None, headers: dict[str, str] | None = None) -> Response:
    if path is None or not path.is_file():
        return PlainTextResponse("It is not here.", 404)
    return FileResponse(path, headers=headers)


async def _decide(request: Request) -> Response:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return JSONResponse({"error": "that is too long"}, 413)
    desk: Desk = request.app.state.desk
    decision = await run_in_threadpool(desk.decide, _wish(body))
    return JSONResponse({"decision": decision.to_dict(), **desk.verdicts()})


def _wish(body: bytes) -> dict[str, Any]:
    try:
        table = from_json(body)
    except ValueError:
        table = None
    if not isinstance(table, dict):
        raise DecisionError("that is not a JSON object")
    return table


async def _bad(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


async def _full(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 507)

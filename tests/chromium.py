"""A headless Chromium over its own pipe (no driver, no port): open a page, ask it, press keys, take a picture.

What the page requests, logs or throws is kept: a page of ours does none of it.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 90.0  # seconds; the machine may be busy


def binary() -> str | None:
    """The browser, or None when there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


needed = pytest.mark.skipif(binary() is None, reason="no Chromium here (Debian: apt-get install chromium)")


class Chromium:
    """One browser with one tab. `requests`, `messages` and `errors` are what the tab did since `open`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="duckpaste-chromium-"))
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        there = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (theirs_in, theirs_out)]
        words = [
            str(binary()), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
            "--hide-scrollbars", "--force-color-profile=srgb", f"--user-data-dir={self.folder}",
            "--remote-debugging-pipe", "about:blank",
        ]  # fmt: skip
        null = os.open(os.devnull, os.O_RDWR)
        actions = [(os.POSIX_SPAWN_DUP2, null, n) for n in (0, 1, 2)]
        actions += [(os.POSIX_SPAWN_DUP2, there[0], 3), (os.POSIX_SPAWN_DUP2, there[1], 4)]
        self.process = os.posix_spawn(
            words[0], words, os.environ | {"HOME": str(self.folder)}, file_actions=actions
        )
        for fd in (theirs_in, theirs_out, null, *there):
            os.close(fd)
        self._in, self._out, self._buffer, self._number = ours_in, ours_out, b"", 0
        self.requests: list[str] = []
        self.messages: list[str] = []
        self.errors: list[str] = []
        self._events: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    _session: str | None = None

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the DevTools protocol and its answer."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                found: dict[str, Any] = answer["result"]
                return found

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0.0, end - time.monotonic()))
            data = os.read(self._in, 1 << 20) if ready else b""
            assert data, "the browser does not answer"
            self._buffer += data
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        params = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif message.get("method") == "Runtime.consoleAPICalled":
            self.messages.append(f"{params['type']}: {[a.get('value') for a in params['args']]}")
        elif message.get("method") == "Log.entryAdded":
            self.messages.append(params["entry"]["text"])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(params["exceptionDetails"])[:500])
        self._events.append(message.get("method", ""))
        return message

    def open(self, path: Path, width: int = 1280, height: int = 800, *, dark: bool = False) -> None:
        """Open a file in a window of that size."""
        self.size(width, height)
        self.dress(dark=dark)
        self.requests, self.messages, self.errors, self._events = [], [], [], []
        self.call("Page.navigate", url=path.resolve().as_uri())
        while "Page.loadEventFired" not in self._events:
            self._next()

    def size(self, width: int, height: int) -> None:
        """The window's size."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def dress(self, *, dark: bool = False, media: str = "") -> None:
        """Light or dark, screen or print."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        calm = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme, calm])

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        self.call(
            "Input.dispatchKeyEvent",
            type="keyDown",
            key=key,
            windowsVirtualKeyCode=13 * (key == "Enter"),
            **text,
        )
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """A PNG of what is seen, or of the whole page."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        """End the browser (this process alone) and its profile."""
        try:
            self._session = None
            self.call("Browser.close")
        except (AssertionError, OSError):
            pass
        for fd in (self._in, self._out):
            os.close(fd)
        end = time.monotonic() + 20
        while os.waitpid(self.process, os.WNOHANG)[0] == 0:
            if time.monotonic() > end:
                os.kill(self.process, signal.SIGKILL)
                os.waitpid(self.process, 0)
                break
            time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """One for all tests of a file."""
    made = Chromium()
    try:
        yield made
    finally:
        made.close()

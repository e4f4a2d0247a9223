"""A client of yaml-language-server: what an editor would offer and mark in a file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_LOCAL = Path(__file__).parent.parent / "node_modules" / ".bin"


def command() -> str | None:
    """Return the server's program, None where it is not installed."""
    return shutil.which("yaml-language-server", path=f"{_LOCAL}{os.pathsep}{os.environ['PATH']}")


class Client:
    """Speaks to one server over its standard streams."""

    def __init__(
        self, process: subprocess.Popen[bytes], root: Path, schemas: Mapping[str, Any]
    ) -> None:
        self._process = process
        self._root = root
        self._schemas = schemas
        self._number = 0
        self._opened = 0

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> Any:
        assert self._process.stdout
        length = 0
        while line := self._process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(self._process.stdout.read(length))

    def _wait(self, wanted: Any) -> Any:
        while True:
            message = self._receive()
            if "id" in message and "method" in message:
                result = [self._settings(item) for item in message["params"].get("items", ())]
                self._send({"id": message["id"], "result": result})
            elif wanted(message):
                return message

    def _settings(self, item: Mapping[str, str]) -> Any:
        if item.get("section") != "yaml":
            return {}
        return {"schemas": self._schemas, "completion": True, "validate": True}

    def ask(self, method: str, parameters: Mapping[str, Any]) -> Any:
        """Return the answer to a request."""
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": parameters})
        return self._wait(lambda message: message.get("id") == number)["result"]

    def tell(self, method: str, parameters: Mapping[str, Any]) -> None:
        """Send a notification."""
        self._send({"method": method, "params": parameters})

    def marks(self, path: str, text: str) -> list[str]:
        """Return what the editor would underline in a file."""
        self._open(path, text)
        told = self._wait(
            lambda message: (
                message.get("method") == "textDocument/publishDiagnostics"
                and message["params"]["uri"] == self._uri(path)
            )
        )
        return [item["message"] for item in told["params"]["diagnostics"]]

    def offers(self, path: str, text: str) -> dict[str, str]:
        """Return what the editor would offer at `‸` in a file, with its description."""
        before, after = text.split("‸")
        self._open(path, before + after)
        place = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
        asked = {"textDocument": {"uri": self._uri(path)}, "position": place}
        found = self.ask("textDocument/completion", asked)["items"]
        return {item["label"]: str(item.get("documentation", "")) for item in found}

    def _open(self, path: str, text: str) -> None:
        self.tell("textDocument/didClose", {"textDocument": {"uri": self._uri(path)}})
        self._opened += 1
        document = {"uri": self._uri(path), "languageId": "yaml", "text": text}
        document = {**document, "version": self._opened}
        self.tell("textDocument/didOpen", {"textDocument": document})

    def _uri(self, path: str) -> str:
        return (self._root / path).as_uri()


@contextmanager
def client(root: Path) -> Iterator[Client]:
    """Start a server for a project with the schemas that its editor settings name."""
    settings = json.loads((root / ".vscode/settings.json").read_text(encoding="utf-8"))
    schemas = {(root / path).as_uri(): places for path, places in settings["yaml.schemas"].items()}
    program = command()
    assert program
    with subprocess.Popen(
        [program, "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=root,
    ) as process:
        found = Client(process, root, schemas)
        capabilities = {"workspace": {"configuration": True}}
        found.ask(
            "initialize",
            {"processId": None, "rootUri": root.as_uri(), "capabilities": capabilities},
        )
        found.tell("initialized", {})
        settings = {"yaml": {"schemas": schemas, "completion": True, "validate": True}}
        found.tell("workspace/didChangeConfiguration", {"settings": settings})
        try:
            yield found
        finally:
            process.kill()

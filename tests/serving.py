"""A small site with a gate, and a server of it on a free port."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trees

from pageloom.options import Options
from pageloom.serve.live import Live
from pageloom.serve.server import Server

PROJECT = """\
-- content/site.yaml --
brand: Shop
base_url: https://shop.example
as_of: 2026-11-25
-- content/root/.well-known/about.txt --
about
-- content/answer.md --
---
slot: answer
for: {}
---
Ask {{ maker.name }} first.
-- content/smoke.md --
---
slot: answer
for: {maker: alfa, fault: smoke}
---
Alfa sends a new fan for smoke, and asks for the old one back.
-- content/not-found.md --
---
slot: lost
for: {}
---
There is nothing here.
-- matrix/makers.yaml --
- slug: alfa
  name: Alfa
- slug: beta
  name: Beta
-- matrix/faults.yaml --
- slug: noise
  name: Noise
- slug: smoke
  name: Smoke
-- themes/shop/slots/faults.html --
<p>About {{ fault.name }}.</p>
-- matrix/matrix.yaml --
format: 1
axes:
  maker: {file: makers.yaml}
  fault: {file: faults.yaml}
families:
  home:
    axes: []
    route: /
    title: ["Shop: every maker and every fault at home"]
    h1: Shop
    slots:
      more: {list: pair}
      less: {fold: pair}
  pair:
    axes: [maker, fault]
    route: /{maker}/{fault}/
    parent: home
    title: ["{{ maker.name }} and {{ fault.name }}: what to ask the shop"]
    h1: "{{ maker.name }}: {{ fault.name }}"
    slots:
      answer: {snippet: required, heading: Answer}
      fault: {from: slots/faults.html, rows: [fault]}
    fold: {slots: [answer], heading: "{{ fault.name }}"}
    gate: {published: {min_specific_share: 0.3}, otherwise: fold}
  lost:
    axes: []
    route: /404.html
    listed: false
    title: ["No page has this address, try another one"]
    h1: Nothing here
    slots:
      lost: {snippet: required}
"""


def project(root: Path) -> Path:
    trees.replace(root / "content/site.yaml", "brand: Shop", "theme: shop\nbrand: Shop")
    return root


@contextmanager
def serving(root: Path, **options: Any) -> Iterator[tuple[Live, int]]:
    live = Live(Options(root=root, **options))
    live.rebuild()
    live.prove()
    with Server("127.0.0.1", 0, live) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield live, int(server.server_address[1])
        server.closing = True
        server.shutdown()

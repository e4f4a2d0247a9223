"""A browser on `serve`: reloads after an edit, problems over the page, where it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trees
from serving import PROJECT, project, serving

Site = Callable[[str], Path]


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """Open a page; nothing may be thrown in it."""
    faults: list[str] = []
    context = chromium.new_context()
    opened = context.new_page()
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    context.close()
    assert faults == []


def test_an_edit_is_on_screen_and_a_mistake_lies_over_the_page(site: Site, page: Any):
    root = project(site(PROJECT))
    with serving(root) as (live, port):
        page.goto(f"http://127.0.0.1:{port}/alfa/smoke/")
        trees.replace(root / "content/smoke.md", "a new fan", "two new fans")
        live.rebuild()
        page.get_by_text("two new fans").wait_for()
        trees.replace(root / "content/smoke.md", "two new fans", "{{ maker.nam }}")
        live.rebuild()
        over = page.locator("pageloom-panel >> .over")
        over.get_by_text("content/smoke.md:5").wait_for()
        assert "two new fans" in page.inner_text("main")
        page.keyboard.press("Escape")
        over.wait_for(state="detached")
        trees.replace(root / "content/smoke.md", "{{ maker.nam }}", "a fan")
        live.rebuild()
        page.get_by_text("sends a fan").wait_for()
        assert over.count() == 0


def test_the_panel_names_files_and_folded_cells(site: Site, page: Any):
    root = project(site(PROJECT))
    with serving(root, preview=True) as (_, port):
        page.goto(f"http://127.0.0.1:{port}/")
        page.locator("pageloom-panel >> button.tab").click()
        panel = page.locator("pageloom-panel >> aside")
        assert "specific share 0.00, 0.30 wanted" in panel.inner_text()
        panel.get_by_role("link", name="alfa × noise").click()
        page.wait_for_url("**/alfa/noise/")
        panel.get_by_text("content/answer.md:5").wait_for()
        link = panel.get_by_role("link", name="content/answer.md:5")
        assert link.get_attribute("href") == f"vscode://file{root}/content/answer.md:5:1"

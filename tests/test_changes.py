"""A deploy sends what differs, in an order that breaks no page, and removes the rest last."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trees
from hosted import PAGE, SECTION, beside, shop

from pageloom import cli
from pageloom.hosts.headers import IMMUTABLE, REVALIDATED

RECIPE = trees.ROOT / "docs/how-to/deploy_s3.py"
BUCKET = "shop"


def changes(root: Path, before: Path | None = None) -> dict[str, Any]:
    """Run the command; return what it wrote, and keep the list of files as `deployed.json`."""
    given = [str(before)] if before else []
    assert cli.main(["changes", "--root", str(root), *given]) == 0
    found: dict[str, Any] = json.loads((beside(root) / "changes.json").read_text("utf-8"))
    (root / "deployed.json").write_bytes((beside(root) / "files.json").read_bytes())
    return found


def sent(found: dict[str, Any]) -> dict[str, str]:
    return {item["path"]: item["change"] for item in found["upload"]}


def write_angle(root: Path, text: str) -> None:
    trees.replace(root / "content/smoke.md", "Alfa sends a new fan", text)
    trees.made(root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a site for S3 that was deployed once."""
    made = shop(tmp_path / "shop", "s3")
    changes(made)
    return made


def test_the_first_deploy_sends_everything_in_order(tmp_path: Path):
    found = changes(shop(tmp_path, "s3"))
    stages = [item["stage"] for item in found["upload"]]
    order = ["asset", "file", "page", "redirect", "sitemap", "record"]
    assert stages == sorted(stages, key=order.index)
    assert set(stages) == set(order)
    redirects = {"alpha/smoke/index.html": PAGE, "alpha/noise/index.html": SECTION}
    assert set(sent(found)) == set(trees.tree(tmp_path / "site")) | set(redirects)
    given = {item["path"]: item.get("redirect") for item in found["upload"]}
    assert {path: to for path, to in given.items() if to} == redirects
    assert found["remove"] == []
    for item in found["upload"]:
        kept = IMMUTABLE if item["stage"] == "asset" else REVALIDATED
        assert item["cache_control"] == kept
        assert item["content_type"] != "application/octet-stream"


def test_nothing_new_is_nothing_to_send(root: Path):
    assert changes(root, root / "deployed.json") == {"format": 1, "upload": [], "remove": []}


def test_an_edit_sends_the_pages_that_it_touches(root: Path):
    write_angle(root, "Alfa sends a fan that is new")
    assert sent(changes(root, root / "deployed.json")) == {"alfa/smoke/index.html": "changed"}


def test_a_row_that_goes_is_removed_with_its_former_addresses(root: Path):
    trees.replace(root / "matrix/makers.yaml", "  former_slugs: [alpha]\n", "")
    trees.made(root)
    found = changes(root, root / "deployed.json")
    assert found["remove"] == ["alpha/noise/index.html", "alpha/smoke/index.html"]
    assert found["upload"] == []


def test_another_target_of_a_former_address_is_sent(root: Path):
    (root / "content/smoke.md").unlink()
    trees.made(root)
    found = changes(root, root / "deployed.json")
    assert sent(found)["alpha/smoke/index.html"] == "changed"
    assert found["remove"] == ["alfa/smoke/index.html"]


def test_an_asset_stays_for_one_more_deploy(root: Path):
    (old,) = [path for path in trees.tree(root / "site") if path.startswith("assets/site.")]
    style = root / "themes/shop/static/site.css"
    style.parent.mkdir()
    style.write_text("body { color: black }\n", encoding="utf-8")
    trees.made(root)
    first = changes(root, root / "deployed.json")
    assert [path.startswith("assets/") for path in sent(first)][:2] == [True, False]
    assert first["remove"] == []
    assert changes(root, root / "deployed.json") == {"format": 1, "upload": [], "remove": [old]}
    assert changes(root, root / "deployed.json")["remove"] == []


def test_an_asset_that_comes_back_in_time_is_not_sent_again(root: Path):
    style = root / "themes/shop/static/site.css"
    style.parent.mkdir()
    style.write_text("body { color: black }\n", encoding="utf-8")
    trees.made(root)
    changes(root, root / "deployed.json")
    style.unlink()
    trees.made(root)
    found = changes(root, root / "deployed.json")
    assert not [path for path in sent(found) if path.startswith("assets/")]
    assert found["remove"] == []


def test_files_that_only_another_host_reads_are_not_sent(tmp_path: Path):
    found = sent(changes(shop(tmp_path, "[s3, cloudflare-pages]")))
    assert not {"_headers", "_redirects"} & set(found)
    assert (tmp_path / "site/_headers").is_file()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": 1}', '{"format": 1, "files": [], "retired": 1}', '{"format": 9}'],
)
def test_what_is_no_list_of_files_is_refused(root: Path, text: str):
    (root / "list.json").write_text(text, encoding="utf-8")
    assert cli.main(["changes", "--root", str(root), str(root / "list.json")]) == 2
    assert cli.main(["changes", "--root", str(root), str(root / "none.json")]) == 2


def test_a_site_that_was_not_built_has_no_changes(root: Path):
    assert cli.main(["changes", "--root", str(root), "--out", str(root / "elsewhere")]) == 2


def test_what_is_printed_names_the_file_and_counts(root: Path, capsys: pytest.CaptureFixture[str]):
    write_angle(root, "Alfa sends a fan that is new")
    capsys.readouterr()
    changes(root, root / "deployed.json")
    assert capsys.readouterr().out == (
        f"{beside(root) / 'changes.json'}\n0 added, 1 changed, 0 removed\n"
    )


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a client of an S3-compatible server on this machine, with an empty bucket."""
    needs = "needs `pip install boto3 'moto[s3,server]'`"
    boto3 = pytest.importorskip("boto3", reason=needs)
    server = pytest.importorskip("moto.server", reason=needs).ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in (
        ("AWS_ENDPOINT_URL", f"http://{host}:{port}"),
        ("AWS_ACCESS_KEY_ID", "none"),
        ("AWS_SECRET_ACCESS_KEY", "none"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    yield client
    server.stop()


def deploy(root: Path) -> str:
    command = [sys.executable, str(RECIPE), BUCKET, "--site", str(root / "site")]
    command += ["--host", str(beside(root))]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def stored(client: Any) -> dict[str, bytes]:
    listed = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    keys = [item["Key"] for item in listed]
    return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def test_a_bucket_holds_the_site_after_each_deploy(root: Path, s3: Any):
    shown = deploy(root)
    assert [line.split(":")[0] for line in shown.splitlines()[:-1]] == [
        *("asset", "file", "page", "redirect", "sitemap", "record"),
    ]
    moved = {"alpha/smoke/index.html": PAGE, "alpha/noise/index.html": SECTION}
    site = trees.tree(root / "site")
    assert stored(s3) == site | dict.fromkeys(moved, b"")
    for path, target in moved.items():
        assert s3.head_object(Bucket=BUCKET, Key=path)["WebsiteRedirectLocation"] == target
    home = s3.head_object(Bucket=BUCKET, Key="index.html")
    assert home["ContentType"] == "text/html; charset=utf-8"
    assert home["CacheControl"] == REVALIDATED
    assert "WebsiteRedirectLocation" not in home

    write_angle(root, "Alfa sends a fan that is new")
    changes(root, root / "deployed.json")
    assert deploy(root) == "page: 1 sent\n0 removed\n"
    assert stored(s3) == trees.tree(root / "site") | dict.fromkeys(moved, b"")

    trees.replace(root / "matrix/makers.yaml", "  former_slugs: [alpha]\n", "")
    trees.made(root)
    changes(root, root / "deployed.json")
    assert deploy(root) == "2 removed\n"
    assert stored(s3) == trees.tree(root / "site")


def test_the_settings_are_what_amazon_takes(root: Path, s3: Any):
    website = json.loads((beside(root) / "s3-website.json").read_text("utf-8"))
    s3.put_bucket_website(Bucket=BUCKET, WebsiteConfiguration=website)
    assert s3.get_bucket_website(Bucket=BUCKET)["ErrorDocument"] == {"Key": "404.html"}
    model = pytest.importorskip("botocore.validate")
    shape = (
        pytest.importorskip("boto3")
        .client("cloudfront")
        .meta.service_model.shape_for("ResponseHeadersPolicyConfig")
    )
    policy = json.loads((beside(root) / "cloudfront-headers.json").read_text("utf-8"))
    assert model.ParamValidator().validate(policy, shape).generate_report() == ""

"""Send to a bucket what `python build.py changes` lists, in its order, and remove the rest last.

Needs boto3 (`pip install boto3`), which finds keys and region in the environment.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import boto3

AT_ONCE = 16
DELETED_AT_ONCE = 1000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


def send(client: Any, bucket: str, site: Path, item: dict[str, str]) -> None:
    """Send one file; a former address is an empty object that leads on."""
    redirect = {"WebsiteRedirectLocation": item["redirect"]} if "redirect" in item else {}
    client.put_object(
        Bucket=bucket,
        Key=item["path"],
        Body=b"" if redirect else (site / item["path"]).read_bytes(),
        ContentType=item["content_type"],
        CacheControl=item["cache_control"],
        **redirect,
    )


def deploy(bucket: str, site: Path, changes: dict[str, Any]) -> None:
    """Send stage after stage: a page goes only when all its assets are there."""
    client = boto3.client("s3")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for stage, items in groupby(changes["upload"], key=lambda item: item["stage"]):
            sent = list(pool.map(partial(send, client, bucket, site), items))
            print(f"{stage}: {len(sent)} sent")
    gone = [{"Key": path} for path in changes["remove"]]
    for start in range(0, len(gone), DELETED_AT_ONCE):
        part = {"Objects": gone[start : start + DELETED_AT_ONCE], "Quiet": True}
        failed = client.delete_objects(Bucket=bucket, Delete=part).get("Errors", [])
        if failed:
            raise SystemExit(f"not removed: {failed}")
    print(f"{len(gone)} removed")


def main() -> None:
    """Read the arguments and deploy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bucket")
    parser.add_argument("--site", type=Path, default=Path("site"), help="the output (site)")
    parser.add_argument("--host", type=Path, help="what stands beside it (.pageloom/host/site)")
    given = parser.parse_args()
    host = given.host or Path(".pageloom/host", given.site.name)
    changes = json.loads((host / "changes.json").read_text(encoding="utf-8"))
    deploy(given.bucket, given.site, changes)


if __name__ == "__main__":
    main()

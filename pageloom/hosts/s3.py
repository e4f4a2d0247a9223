"""Amazon S3 behind CloudFront: settings for both, and the redirects as objects.

S3 sends no headers of one's own but those of an object; CloudFront adds them. A redirect is an
empty object with a location: https://docs.aws.amazon.com/AmazonS3/latest/dev/how-to-page-redirect.html
Given-up addresses have no object and answer 404.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pageloom.hosts.headers import caching
from pageloom.hosts.output import Output, file_of

WEBSITE, HEADERS, REDIRECTS = "s3-website.json", "cloudfront-headers.json", "s3-redirects.json"
TYPES: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "xml": "application/xml",
    "json": "application/json",
    "webmanifest": "application/manifest+json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "ico": "image/x-icon",
    "woff2": "font/woff2",
    "pdf": "application/pdf",
}


def metadata(path: str) -> dict[str, str]:
    """Return the type of a file, and how long it may be kept."""
    type_ = TYPES.get(path.rpartition(".")[2].lower(), "application/octet-stream")
    return {"content_type": type_, "cache_control": caching(path)}


def s3(output: Output) -> dict[str, bytes]:
    """Return the settings of bucket and CloudFront, and the target of each former address."""
    website = {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "404.html"}}
    redirects = {file_of(item.source): item.target for item in output.moved}
    return {
        WEBSITE: _json(website),
        HEADERS: _json(_policy(output)),
        REDIRECTS: _json(redirects),
    }


def _policy(output: Output) -> dict[str, Any]:
    """Return a response headers policy.

    https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ResponseHeadersPolicyConfig.html
    It takes some headers only by keys of their own.
    """
    own = {
        "Content-Security-Policy": "ContentSecurityPolicy",
        "Referrer-Policy": "ReferrerPolicy",
    }
    headers = dict(output.headers)
    security: dict[str, Any] = {
        key: {"Override": True, key: headers.pop(name)}
        for name, key in own.items()
        if name in headers
    }
    frames = headers.pop("X-Frame-Options", "")
    if frames:
        security["FrameOptions"] = {"Override": True, "FrameOption": frames}
    if headers.pop("X-Content-Type-Options", ""):
        security["ContentTypeOptions"] = {"Override": True}
    transport = headers.pop("Strict-Transport-Security", "")
    if transport:
        security["StrictTransportSecurity"] = _transport(transport)
    custom = [{"Header": name, "Value": text, "Override": True} for name, text in headers.items()]
    return {
        "Name": output.domain.replace(".", "-"),
        "SecurityHeadersConfig": security,
        "CustomHeadersConfig": {"Quantity": len(custom), "Items": custom},
    }


def _transport(value: str) -> dict[str, Any]:
    """Return a Strict-Transport-Security header by its parts."""
    parts = [part.strip() for part in value.split(";")]
    age = next((part[8:] for part in parts if part.startswith("max-age=")), "0")
    return {
        "Override": True,
        "AccessControlMaxAgeSec": int(age) if age.isdecimal() else 0,
        "IncludeSubdomains": "includeSubDomains" in parts,
        "Preload": "preload" in parts,
    }


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"

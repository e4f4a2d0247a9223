"""The headers of every answer, and how long a file may be kept.

What each header does: https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers
"""

from __future__ import annotations

from collections.abc import Mapping

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Everything from the site itself and nothing inline: https://www.w3.org/TR/CSP3/

JSON-LD stands in a script element as data, which is not run and needs no permission.
"""
SECURITY: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "Strict-Transport-Security": "max-age=31536000",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), "
        "microphone=(), payment=(), usb=()"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Addresses name an insurer and a treatment, so that no other site learns them (no-referrer).

Subdomains are not bound by Strict-Transport-Security: they may be somebody else's
(https://www.rfc-editor.org/rfc/rfc6797#section-6.1.2).
"""
ASSETS = "assets/"
"""Below this folder a file's name has the digest of its content: it never changes."""
IMMUTABLE = "public, max-age=31536000, immutable"
"""https://www.rfc-editor.org/rfc/rfc8246"""
REVALIDATED = "public, max-age=0, must-revalidate"
"""For pages: a reader never sees an old deadline, and an unchanged page is answered with 304."""


def caching(path: str) -> str:
    """Return how long a file of the output may be kept."""
    return IMMUTABLE if path.startswith(ASSETS) else REVALIDATED

"""What the host of the site needs beside the pages: headers, redirects, caching, its limits.

`host:` in site.yaml names one or several. Files that the host reads from the site go into the
output; configuration that must not be public goes beside it (`BESIDE`).
"""

from pageloom.hosts.headers import ASSETS
from pageloom.hosts.known import BESIDE, HOSTS, READ_BY_HOSTS, beside, public
from pageloom.hosts.limits import WEIGHED, check, check_weight
from pageloom.hosts.output import Output, output
from pageloom.hosts.s3 import REDIRECTS, metadata

__all__ = [
    "ASSETS",
    "BESIDE",
    "HOSTS",
    "READ_BY_HOSTS",
    "REDIRECTS",
    "WEIGHED",
    "Output",
    "beside",
    "check",
    "check_weight",
    "metadata",
    "output",
    "public",
]

"""What the host of the site needs beside the pages: headers, redirects, caching, its limits.

`host:` in site.yaml names one or several. Files that the host reads from the site go into the
output; configuration that must not be public goes beside it (`BESIDE`).
"""

from pageloom.hosts.known import BESIDE, HOSTS, beside, clashes, public
from pageloom.hosts.limits import Size, check, check_weight
from pageloom.hosts.output import Output, output

__all__ = [
    "BESIDE",
    "HOSTS",
    "Output",
    "Size",
    "beside",
    "check",
    "check_weight",
    "clashes",
    "output",
    "public",
]

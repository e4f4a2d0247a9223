"""Build the site: `python build.py`; see `python build.py --help`."""

from pageloom.cli import run

run()

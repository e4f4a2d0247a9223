"""Files of the project as a `Project`: the first stage."""

from pageloom.load.project import BASE, project, read_tables

__all__ = ["BASE", "project", "read_tables"]

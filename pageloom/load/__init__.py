"""Files of the project as a `Project`: the first stage."""

from pageloom.load.project import project, read_tables

__all__ = ["project", "read_tables"]

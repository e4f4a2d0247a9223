"""Files of the project as a `Project`: the first stage."""

from pageloom.load.project import project

__all__ = ["project"]

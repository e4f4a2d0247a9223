"""Files of the project as a `Project`: the first stage."""

from pageloom.load.project import defaults_root, project

__all__ = ["defaults_root", "project"]

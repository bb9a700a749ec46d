"""The old place of `kanviz.continual.retention`."""

from kanviz.continual.retention import Retention

__all__ = ["Retention"]

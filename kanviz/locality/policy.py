"""The old place of `kanviz.continual.policy`."""

from kanviz.continual.policy import POLICIES, Policy

__all__ = ["POLICIES", "Policy"]

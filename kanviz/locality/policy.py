"""The old place of `kanviz.continual.policy`."""

from kanviz.continual.policy import POLICIES, Policy, as_boxes

__all__ = ["POLICIES", "Policy", "as_boxes"]

"""The tour of the workbench."""

from kanviz.ui.components.tour.payload import Stop, tour, tour_payload

__all__ = ["Stop", "tour", "tour_payload"]

"""The network canvas: every edge, or a matrix of them, to choose from."""

from kanviz.ui.components.network.payload import STRONGEST, network_canvas, network_payload

__all__ = ["STRONGEST", "network_canvas", "network_payload"]

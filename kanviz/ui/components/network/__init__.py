"""The network canvas: the edges with their curves, and matrices of wide layers."""

from kanviz.ui.components.network.payload import STRONGEST, network_canvas, network_payload

__all__ = ["STRONGEST", "network_canvas", "network_payload"]

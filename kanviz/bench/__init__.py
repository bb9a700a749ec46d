"""Time the layers on this machine, compared with the plain recursion and an MLP: the short form of `benchmarks/`."""

from kanviz.bench.short import short_bench

__all__ = ["short_bench"]

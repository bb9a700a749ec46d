"""Find closed forms for an activation, best first."""

from kanviz.analysis.symbolic.candidate import Candidate
from kanviz.analysis.symbolic.deeper import search_deeper
from kanviz.analysis.symbolic.edge import fit_edge, suggest_all, suggest_edge
from kanviz.analysis.symbolic.search import fit_formula, search_many, suggest

__all__ = [
    "Candidate", "fit_edge", "fit_formula", "search_deeper", "search_many", "suggest", "suggest_all", "suggest_edge",
]  # fmt: skip

"""Write the networks and laws of a fitted estimator as plain data for pickle, joblib and skops, and read them back."""

from typing import Any

from kanviz.io import native, open_model
from kanviz.laws.law import Law

FILE = "kan_.safetensors"  # what a message calls the bytes of a network


def packed(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state with `kan_` as the bytes of kanviz's own file and `law_` as JSON, which has `formula_`."""
    found = {name: value for name, value in state.items() if name != "formula_"}
    if "kan_" in found:
        found["kan_"] = native.to_bytes(found["kan_"])
    if "law_" in found:
        found["law_"] = found["law_"].to_json()
    return found


def unpacked(state: dict[str, Any]) -> dict[str, Any]:
    """Read what `packed` wrote, by kanviz's own readers, as data. Raises UserError for anything else."""
    found = dict(state)
    if "kan_" in found:
        found["kan_"] = open_model({FILE: found["kan_"]})
    if "law_" in found:
        found["law_"] = Law.from_json(found["law_"])
        found["formula_"] = found["law_"].expression
    return found

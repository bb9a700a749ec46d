"""Races with given numbers, for tests of what shows them."""

from typing import Any

from kanviz.language.race import Lane, Race


def lane(kind: Any, seed: int, bits: float, *, ended: bool = True) -> Lane:
    learned = tuple((second / 2, bits + 1 / (second + 1)) for second in range(5))
    held_out = ((1.0, 40, bits + 0.4), (2.0, 80, bits))
    return Lane(kind, seed, 0.01, 114_816, 80, 80 if ended else 400, 2.0, learned, held_out, f"{kind} writes.", ended)


def race_of(*, ended: bool = True, runs: int = 0, **bits: tuple[float, ...]) -> Race:
    """A race in which these blocks came to these bits, one for each seed."""
    seeds = max(map(len, bits.values()))
    lanes = [
        lane(kind.replace("_", "-"), seed, values[seed], ended=ended)
        for seed in range(seeds)
        for kind, values in bits.items()
        if seed < len(values)
    ]
    return Race("documentation", "0" * 64, 2.0, None, "To be, or", runs or len(lanes), tuple(lanes))

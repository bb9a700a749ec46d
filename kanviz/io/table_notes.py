"""Writes notes on the values of a table that a person should know before training."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kanviz.text import listing, shown

_LARGEST_SINGLE = float(np.finfo(np.float32).max)
_EXACT_SINGLE = 2.0**24  # above this, float32 does not hold every whole number
_EXACT_DOUBLE = 2.0**53
_REPEATED = 0.5  # share of repeated rows worth a note
_CELLS_COMPARED = 2_000_000


def notes_on_values(frame: pd.DataFrame, numeric: Sequence[str]) -> list[str]:
    """Note missing, infinite, constant, too large or too fine numbers, and repeated rows: a sentence for each kind."""
    rows = len(frame)
    incomplete = np.zeros(rows, dtype=bool)
    missing, endless, constant, notes = [], [], [], []
    large, coarse, rounded = [], [], []
    for name in numeric:
        values = frame[name].to_numpy()
        absent, infinite = np.isnan(values), np.isinf(values)
        incomplete |= absent
        if absent.any():
            missing.append(name)
        if infinite.any():
            endless.append(f"{shown(name, 40)} ({int(infinite.sum()):,} of {rows:,})")
        known = values[~absent & ~infinite]
        if not len(known):
            continue
        largest = float(np.abs(known).max())
        if largest > _LARGEST_SINGLE:
            large.append(name)
        elif largest > _EXACT_SINGLE and (known == np.round(known)).all():
            if largest > _EXACT_DOUBLE:
                rounded.append(name)
            elif len(np.unique(known.astype(np.float32))) < len(np.unique(known)):
                coarse.append(name)
        if rows > 1 and known.min() == known.max():
            constant.append(name)
    if missing:
        count = int(incomplete.sum())
        where = "rows have a missing value" if count > 1 else "rows has a missing value"
        notes.append(f"{count:,} of {rows:,} {where} (in {listing(missing)}).")
    if endless:
        notes.append(f"Infinite values in {listing(endless)}.")
    if large:
        notes.append(f"Numbers beyond single precision (3.4e38) in {listing(large)}; rescale them first.")
    if rounded:
        notes.append(f"Whole numbers above 2^53 in {listing(rounded)} are rounded to double precision.")
    if coarse:
        notes.append(f"Whole numbers in {listing(coarse)} differ by less than single precision (float32) can hold.")
    if constant:
        notes.append(f"Only one value occurs in {listing(constant)}; nothing can be learned from or about it.")
    if rows == 1:
        notes.append("The table has a single row; nothing can be learned from it.")
    elif frame.size <= _CELLS_COMPARED:
        repeated = int(frame.duplicated().sum())
        if repeated >= _REPEATED * rows:
            notes.append(f"{repeated:,} of {rows:,} rows repeat an earlier row; they count each time.")
    return notes

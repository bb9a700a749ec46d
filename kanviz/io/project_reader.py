"""Defines the readers of a project: the message of a refusal, and the names of the parts in words."""

from kanviz.json_reader import JsonReader

SENTENCE = "The project cannot be used: {why}. Open an earlier copy, or save it again from kanviz."
PROJECT = JsonReader(
    SENTENCE,
    names={
        "name": "the name", "at": "the current version", "edge": "the edge", "view": "what was looked at",
        "new": "whether it is new", "start": "its first network", "chapters": "its history",
        "last": "a part of its history", "last[]": "a step", "names": "the name of a version",
        "blobs": "what it consists of", "rows": "its table", "origin": "the recipe of its first network",
        "training": "its training",
    },
)  # fmt: skip
STEPS = JsonReader(SENTENCE, names={"": "a part of its history", "[]": "a step"})
ORIGIN = JsonReader(SENTENCE, names={"": "the recipe of its first network"})
TRAINING = JsonReader(SENTENCE, names={"": "its training"})
TABLE = JsonReader(SENTENCE, names={"": "its table"})

"""Tells language models apart: equal digests mean equal sizes and equal numbers, to the last bit."""

import hashlib

import torch

from kanviz.language.model import LanguageModel


def model_digest(model: LanguageModel) -> str:
    """Compute the SHA-256 of a model's kind, sizes, names and numbers, in hexadecimal.

    >>> from kanviz.language import LanguageModel, Sizes
    >>> from kanviz.language.digest import model_digest
    >>> sizes = Sizes("gelu", width=16, parameters=1_000)
    >>> model_digest(LanguageModel(sizes)) == model_digest(LanguageModel(sizes, seed=1))
    False
    """
    sha = hashlib.sha256(f"{type(model).__name__} {model.sizes!r}".encode())
    for name, value in sorted(model.state_dict().items()):
        sha.update(f"{name}:{value.dtype}{tuple(value.shape)}".encode())
        sha.update(value.detach().contiguous().cpu().view(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()

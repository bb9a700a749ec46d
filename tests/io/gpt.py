"""The small GPT whose weights are in tests/checkpoints/models: two blocks, each with a KAN in the place of its MLP."""

from pathlib import Path

import torch
from torch import Tensor, nn

from kanviz.core.module import KANLayer

GPT = Path(__file__).parents[1] / "checkpoints" / "models" / "gpt_with_kan_ffn.pt"
TOKENS = torch.randint(0, 96, (4, 16), generator=torch.Generator().manual_seed(0))  # sequences as the model takes them


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, 2, batch_first=True)
        self.ffn = nn.Sequential(KANLayer(width, 2 * width, grid=4), KANLayer(2 * width, width, grid=4))

    def forward(self, x: Tensor) -> Tensor:
        normed = self.ln1(x)
        x = x + self.attn(normed, normed, normed, need_weights=False)[0]
        return x + self.ffn(self.ln2(x))


class Model(nn.Module):
    """Tokens (sequence, position) in, logits (sequence, position, token) out."""

    def __init__(self) -> None:
        super().__init__()
        self.tok, self.head = nn.Embedding(96, 8), nn.Linear(8, 96, bias=False)
        self.blocks = nn.ModuleList(Block(8) for _ in range(2))

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.tok(tokens)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def model_of(path: Path = GPT) -> Model:
    """Load the model with the weights in a file, as its author does."""
    model = Model().eval()
    model.load_state_dict(torch.load(path, weights_only=True)["model"])  # noqa: TID251  a file of this test
    return model

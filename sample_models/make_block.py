"""Makes the block that the tab "Your model" opens with: python sample_models/make_block.py (ten seconds).

A small language model tells the next character from the two before it; the block between them is a KAN. It learns from
the Python documentation that came with kanviz; `kanviz.record` takes the block's rows on the held-out part.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import kanviz
from kanviz.core.layer import Variable
from kanviz.language import Corpus
from kanviz.language.symbols import SYMBOLS, encode

HERE = Path(__file__).parent.parent / "kanviz/ui/language/block.safetensors"
WIDTH, HIDDEN, STEPS, BATCH, ROWS = 4, 6, 1_500, 256, 1_000


class Model(nn.Module):
    """Tells the next character from two: embedding, KAN block, scores of the symbols."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Embedding(len(SYMBOLS), WIDTH)
        self.norm = nn.LayerNorm(2 * WIDTH)
        self.layers = kanviz.KANLayer(2 * WIDTH, HIDDEN), kanviz.KANLayer(HIDDEN, 2 * WIDTH)
        self.block = nn.Sequential(*self.layers)
        self.last = nn.Linear(2 * WIDTH, len(SYMBOLS))

    def forward(self, pairs: Tensor) -> Tensor:
        x = self.norm(self.first(pairs).flatten(1))
        return self.last(x + self.block(x))


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    text, model = Corpus.named("documentation"), Model()
    learned, held_out = encode(text.train), encode(text.held_out)
    optimiser = torch.optim.Adam(model.parameters(), 5e-3)
    for _ in range(STEPS):
        at = torch.randint(len(learned) - 2, (BATCH,))
        loss = F.cross_entropy(model(torch.stack([learned[at], learned[at + 1]], 1)), learned[at + 2])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.eval()
    at = torch.randint(len(held_out) - 1, (ROWS,))
    with torch.no_grad(), kanviz.record(model.block) as rows:
        model(torch.stack([held_out[at], held_out[at + 1]], 1))
    inputs, outputs = (tuple(Variable(f"{letter}{n + 1}") for n in range(2 * WIDTH)) for letter in "xy")
    kan = kanviz.KAN((model.layers[0].to_layer(), model.layers[1].to_layer()), inputs, outputs).to(torch.float64)
    data = kanviz.Dataset.from_arrays(rows.x.double(), rows.y.double(), test=0).matching(kan)
    kanviz.save(kan, HERE, rows=data)
    print(f"{HERE}: {kan}, {len(data):,} rows")


if __name__ == "__main__":
    main()

"""Lists the KANs inside a model's file by their names and sizes; no weight is read for that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kanviz.core.families import SPLINE
from kanviz.core.kan import Caution
from kanviz.errors import LoadError
from kanviz.io import native
from kanviz.io.contents import BYTE_LIMIT, Contents
from kanviz.io.foreign import several
from kanviz.io.importers import IMPORTERS
from kanviz.text import listing

PerLayer = int | tuple[int, ...]


@dataclass(frozen=True)
class Block:
    """A KAN inside a file.

    prefix: the name of its module in the model, "" where the file holds this network alone · kind: the library its
    layers are of ("KANLayer", "efficient-kan", "pykan" ..., or "kanviz" for kanviz's own file) · shape: nodes of every
    column · grid, order: of all layers, or of each where they differ; where curves are no splines, the number of
    functions that each is a sum of, and 0 · parameters: how many numbers training changes ·
    around: names of the modules next to it, in the file's order. What is computed between them is in no file.

    >>> import kanviz
    >>> str(kanviz.Block("blocks.1.ffn", "KANLayer", (8, 16, 8), 4, 3, 2096, around=("blocks.1.ln2",)))
    'blocks.1.ffn: KANLayer, 8-16-8, grid 4, order 3, 2,096 parameters'
    """

    prefix: str
    kind: str
    shape: tuple[int, ...]
    grid: PerLayer
    order: PerLayer
    parameters: int
    around: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Describe the block in a line."""
        width = "-".join(map(str, self.shape))
        curves = f"{_words(self.grid)} functions"
        if self.order:
            curves = f"grid {_words(self.grid)}, order {_words(self.order)}"
        return f"{self.prefix or '(the whole file)'}: {self.kind}, {width}, {curves}, {self.parameters:,} parameters"


def find_blocks(contents: Contents) -> list[Block]:
    """List the KANs in a file, in its order; what only resembles one is left out."""
    shapes = {name: part.shape for name, part in contents.parts.items()}
    order, tree = {name: n for n, name in enumerate(shapes)}, _tree(contents)
    if native.is_native(contents.metadata):
        return [_own_file(contents)]
    found: list[tuple[int, Block]] = []
    taken: set[str] = set()  # a tensor belongs to one block, that of the first reader
    for importer in IMPORTERS:
        if not importer.recognises(shapes):
            continue
        for prefix, names in importer.groups(shapes).items():
            outline = importer.outline({short: shapes[name] for short, name in names.items()})
            if outline is None or not taken.isdisjoint(names.values()):
                continue
            taken.update(names.values())
            layers = outline.layers
            block = Block(
                prefix=prefix.removesuffix("."),
                kind=importer.name,
                shape=(layers[0].sources, *(layer.nodes for layer in layers)),
                grid=_each(layer.grid for layer in layers),
                order=_each(layer.order for layer in layers),
                parameters=outline.parameters,
                around=_around(prefix, names, tree),
            )
            found.append((min(order[name] for name in names.values()), block))
    return [block for _, block in sorted(found, key=lambda one: one[0])]


def _own_file(contents: Contents) -> Block:
    """Describe the network of kanviz's own file, which is read whole so that a damaged one is refused."""
    kan = native.read(contents.read().tensors, contents.metadata)
    layers = kan.layers
    numbers = (layer.coef.numel() + layer.base_weight.numel() + layer.bias.numel() + layer.offset.numel()
               + layer.affine.numel() for layer in layers)  # fmt: skip
    grid = _each(layer.grid if layer.family == SPLINE else layer.coef.shape[2] for layer in layers)
    order = _each(layer.order if layer.family == SPLINE else 0 for layer in layers)
    return Block("", "kanviz", kan.shape, grid, order, sum(numbers))


def select(contents: Contents, block: str | None) -> Contents:
    """Select the block of this name, or everything for None; a wrapper's name in front of it may be left out.

    Raises LoadError for a name that is not in the file, and for several networks where no block is named.
    """
    there = find_blocks(contents)
    if block is None:
        if len({_container(one) for one in there}) > 1:
            raise several([one.prefix for one in there])
        only = there[0].prefix if len(there) == 1 and contents.size > BYTE_LIMIT else ""
        return contents.within(only)
    if not any(name.startswith(f"{block}.") for name in contents):
        longer = [one.prefix for one in there if one.prefix.endswith(f".{block}")]
        block = longer[0] if len(longer) == 1 else block
    if block and native.is_native(contents.metadata):
        raise LoadError("This is a file of kanviz with one network. Open it without naming a block.")
    return contents.within(block)


def _container(block: Block) -> str:
    """Return the module that holds a numbered layer, by its kind: a reader explains why such layers are no network."""
    parent, _, last = block.prefix.rpartition(".")
    return f"{block.kind}: {parent}." if last.isdecimal() else block.prefix


def block_note(contents: Contents) -> list[str]:
    """Note that a network is a block of a larger model, and what is not known of the model."""
    if not contents.block or not contents.around:
        return []
    parent = contents.block.rpartition(".")[0]
    tree = _tree(contents.around)
    near = listing(tree.get(parent) or tree[""], 4)
    return [
        Caution(
            f"This is the block {contents.block} of a larger model, next to {near}. What the model computes before and "
            "after it (a norm, an activation, a sum) is not shown: the inputs here are the values that enter the block."
        )
    ]


def _tree(names: Iterable[str]) -> dict[str, list[str]]:
    """Return what is directly inside each module: {module: names of modules and tensors, in the file's order}."""
    found: dict[str, dict[str, None]] = {"": {}}
    for name in names:
        module, rest = "", name
        while rest:
            step, _, rest = rest.partition(".")
            inside = f"{module}.{step}" if module else step
            found.setdefault(module, {})[inside] = None
            module = inside
    return {module: list(inside) for module, inside in found.items()}


def _around(prefix: str, short: Iterable[str], tree: Mapping[str, list[str]]) -> tuple[str, ...]:
    """Return the modules in the same module as the block, and those in the module of its layers."""
    block = prefix.removesuffix(".")
    own = {prefix + name.partition(".")[0] for name in short}
    siblings = [name for name in tree[block.rpartition(".")[0]] if name != block] if block else []
    return tuple(dict.fromkeys([*siblings, *(name for name in tree.get(block, []) if name not in own)]))


def _each(values: Iterable[int]) -> PerLayer:
    """Return the value of all layers, or those of each layer where they differ."""
    found = tuple(values)
    return found[0] if len(set(found)) == 1 else found


def _words(values: PerLayer) -> str:
    return str(values) if isinstance(values, int) else ", ".join(map(str, values))

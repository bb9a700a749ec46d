"""The messages of the components as types of TypeScript: `python -m tests.protocol_types` writes them."""

import types
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from kanviz.ui.components import HERE, protocol

FILE = HERE / "protocol.d.ts"
HEAD = """// Made of protocol/ by `python -m tests.protocol_types`: what Python and the components say to each other.

/** Sends an event by its name. */
export type Send<Events> = <Name extends keyof Events>(name: Name, value: Events[Name]) => void;
"""
PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null", Any: "any"}


def written() -> str:
    """All messages, in the order in which the package names them."""
    return HEAD + "".join(_declared(name, kind) for name, kind in vars(protocol).items() if _is_own(kind))


def _is_own(kind: Any) -> bool:
    if is_typeddict(kind):
        return kind.__module__.startswith(protocol.__name__)
    return get_origin(kind) in (Annotated, Union, Literal, types.UnionType) and kind is not protocol.Look


def _declared(name: str, kind: Any) -> str:
    if not is_typeddict(kind):
        return f"\nexport type {name} = {_type(kind)};\n"
    fields = "".join(_field(field, hint) for field, hint in get_type_hints(kind, include_extras=True).items())
    about = "\n".join(wrap(" ".join(kind.__doc__.split()), 116, initial_indent="/** ", subsequent_indent=" * "))
    return f"\n{about} */\nexport interface {name} {{\n{fields}}}\n"


def _field(name: str, hint: Any) -> str:
    if get_origin(hint) is NotRequired:
        return f"  {name}?: {_type(get_args(hint)[0])};\n"
    return f"  {name}: {_type(hint)};\n"


def _type(hint: Any) -> str:
    if hint in PLAIN:
        return PLAIN[hint]
    if is_typeddict(hint):
        return hint.__name__
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:  # a list of so many
        (part,) = get_args(parts[0])
        return f"[{', '.join([_type(part)] * parts[1])}]"
    if origin is list:
        inside = _type(parts[0])
        return f"({inside})[]" if " | " in inside and not inside.startswith("[") else f"{inside}[]"
    if origin is dict:
        return f"Record<string, {_type(parts[1])}>"
    if origin is Literal:
        return " | ".join("true" if part is True else f'"{part}"' for part in parts)
    if origin in (Union, types.UnionType):
        return " | ".join(_type(part) for part in parts)
    raise TypeError(f"There is no TypeScript for {hint}.")


if __name__ == "__main__":
    Path(FILE).write_text(written(), encoding="utf-8")

"""Reads the pickle of a state_dict as data: names stay text, and nothing in the file is imported or called.

Only the opcodes that torch.save writes are known. A global name becomes an inert `Name`; calling one of a few known
names makes an inert record (a tensor, a storage); calling or storing any other name is refused as code.
Source of the opcodes: the comments of CPython's Lib/pickletools.py.
"""

import re
import struct
from collections.abc import Callable

from kanviz.errors import LoadError
from kanviz.io.pickle_records import (
    ContainsCode,
    Foreign,
    Listing,
    Name,
    Row,
    Storage,
    Table,
    TensorRecord,
    contains_code,
    full_name,
    is_known,
    record_of,
    refuse,
    storage_of,
    whole_object,
)
from kanviz.text import shown, size_words

MOST_TENSORS = 10_000
MOST_OPCODES = 600_000
MOST_BYTES = 16_000_000
DEEPEST = 20


def read_pickle(data: bytes, start: int = 0, storages: dict[str, Storage] | None = None) -> tuple[object, int]:
    """Read the pickle at `start` as inert records; also return where the pickle ends.

    storages: receives the storages that the pickle refers to, by their keys.
    """
    if len(data) - start > MOST_BYTES:
        raise too_long(len(data) - start)
    reader = _Reader(data, start, {} if storages is None else storages)
    try:
        return reader.run()
    except ContainsCode:
        raise
    except LoadError:
        # Report code in the file before any other fault.
        reader.check_for_code()
        raise


def too_long(size: int) -> LoadError:
    """Return the refusal of a pickle of so many bytes."""
    return LoadError(f"The list of weights takes {size_words(size)}; the limit is {size_words(MOST_BYTES)}.")


class _Reader:
    def __init__(self, data: bytes, start: int, storages: dict[str, Storage]):
        self.data = data
        self.storages = storages
        self.at = start
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        self.tensors = 0
        self.code: str | None = None

    def run(self) -> tuple[object, int]:
        for _ in range(MOST_OPCODES):
            opcode = self.take(1)[0]
            if opcode == _STOP:
                break
            action = _OPCODES.get(opcode)
            if action is None:
                refuse(f"an instruction at byte {self.at - 1:,} that no weights file needs")
            action(self)
        else:
            refuse(f"more than {MOST_OPCODES:,} instructions")
        if len(self.stack) != 1 or self.marks:
            refuse("an unfinished structure")
        self.check_for_code()
        return self.stack[0], self.at

    def check_for_code(self) -> None:
        if self.code is not None:
            raise contains_code(self.code)

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.data):
            refuse("less than it announces")
        chunk = self.data[self.at : end]
        self.at = end
        return chunk

    def number(self, form: str) -> int:
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def text(self, count: int) -> str:
        try:
            return self.take(count).decode("utf-8")
        except UnicodeDecodeError:
            refuse("a name that is not text")

    def line(self) -> str:
        end = self.data.find(b"\n", self.at, self.at + 1000)
        if end < 0:
            refuse("a name without an end")
        return self.text(end + 1 - self.at)[:-1]

    def push(self, value: object) -> None:
        self.stack.append(value)

    def pop(self) -> object:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            refuse("an instruction without its value")
        return self.stack.pop()

    def pop_to_mark(self) -> list[object]:
        if not self.marks:
            refuse("an instruction without its value")
        mark = self.marks.pop()
        values = self.stack[mark:]
        del self.stack[mark:]
        return values

    def mark(self) -> None:
        self.marks.append(len(self.stack))

    def remember(self, index: int) -> None:
        value = self.pop()
        self.memo[index] = value
        self.push(value)

    def recall(self, index: int) -> None:
        if index not in self.memo:
            refuse("a reference to nothing")
        self.push(self.memo[index])

    def integer(self, count: int) -> None:
        if count > 16:  # the longest number in a torch file, its magic number, has 10 bytes
            refuse(f"a whole number of {count:,} bytes")
        self.push(int.from_bytes(self.take(count), "little", signed=True))

    def decimal(self, ending: str) -> None:
        """Push a whole number written as text (protocol 1); 00 and 01 are false and true."""
        text = self.line().removesuffix(ending)
        if not _WHOLE.fullmatch(text):
            refuse("a whole number that cannot be read")
        self.push(_TRUTH[text] if text in _TRUTH else int(text))

    def tuple_of(self, values: list[object]) -> None:
        row = Row(values)
        row.depth = self.depth_over(values)
        self.push(row)

    def depth_over(self, values: list[object]) -> int:
        depth = 1 + max((v.depth for v in values if isinstance(v, Row | Listing | Table)), default=0)
        if depth > DEEPEST:
            refuse(f"an unexpected structure (nested more than {DEEPEST} deep)")
        return depth

    def append(self, values: list[object]) -> None:
        target = self.pop()
        if not isinstance(target, Listing):
            refuse("an unexpected structure")
        target.depth = max(target.depth, self.depth_over(values))
        target.extend(values)
        self.push(target)

    def set_items(self, values: list[object]) -> None:
        target = self.pop()
        if not isinstance(target, Table) or len(values) % 2:
            refuse("an unexpected structure")
        if len(target) + len(values) // 2 > MOST_TENSORS:
            raise LoadError(f"The file has more than {MOST_TENSORS:,} entries, which is the limit. Save fewer tensors.")
        target.depth = max(target.depth, self.depth_over(values[1::2]))
        for key, value in zip(values[::2], values[1::2], strict=True):
            if type(key) is not str and type(key) is not int:
                refuse("an entry whose name is not text")
            if key in target:
                raise LoadError(f"The file lists {shown(str(key))} twice, so its content is ambiguous. Save it again.")
            target[key] = value
        self.push(target)

    def name(self, module: str, path: str) -> None:
        full = full_name(module, path)
        if not is_known(full):
            self.code = self.code or full
        self.push(Name(full))

    def stack_name(self) -> None:
        path, module = self.pop(), self.pop()
        if not isinstance(path, str) or not isinstance(module, str):
            refuse("a name that is not text")
        self.name(module, path)

    def new_object(self) -> None:
        """Refuse NEWOBJ and related opcodes: they build an instance of a class, which a state_dict never needs."""
        if self.code is not None and not self.code.startswith(("builtins.", "os.", "subprocess.")):
            raise whole_object(self.code)
        refuse("a Python object")

    def apply(self) -> None:
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, Name) or not isinstance(arguments, Row):
            refuse("an unexpected structure")
        self.check_for_code()
        record = record_of(function.path, arguments)
        self.tensors += isinstance(record, TensorRecord)
        if self.tensors > MOST_TENSORS:
            raise LoadError(f"The file has more than {MOST_TENSORS:,} tensors, which is the limit. Save fewer tensors.")
        self.push(record)

    def storage(self) -> None:
        found = storage_of(self.pop())
        self.storages.setdefault(found.key, found)
        self.push(found)

    def build(self) -> None:
        """Drop the state set on an object; only what torch stores with a state_dict (`_metadata`) is allowed."""
        state, target = self.pop(), self.pop()
        if not (isinstance(target, Table) and isinstance(state, Table)) and not isinstance(target, Foreign):
            self.check_for_code()
            refuse("a change to a value that is not a dictionary")
        self.push(target)


_STOP = ord(".")
_WHOLE = re.compile(r"-?[0-9]{1,20}")
_TRUTH = {"00": False, "01": True}
_OPCODES: dict[int, Callable[[_Reader], object]] = {
    ord("\x80"): lambda r: r.take(1),  # PROTO
    ord("\x95"): lambda r: r.take(8),  # FRAME
    ord("("): lambda r: r.mark(),
    ord("N"): lambda r: r.push(None),
    ord("\x88"): lambda r: r.push(True),
    ord("\x89"): lambda r: r.push(False),
    ord("K"): lambda r: r.push(r.number("B")),
    ord("M"): lambda r: r.push(r.number("H")),
    ord("J"): lambda r: r.push(r.number("i")),
    ord("\x8a"): lambda r: r.integer(r.number("B")),
    ord("\x8b"): lambda r: r.integer(r.number("I")),
    ord("I"): lambda r: r.decimal(""),
    ord("L"): lambda r: r.decimal("L"),
    ord("G"): lambda r: r.push(struct.unpack(">d", r.take(8))[0]),
    ord("X"): lambda r: r.push(r.text(r.number("I"))),
    ord("\x8c"): lambda r: r.push(r.text(r.number("B"))),
    ord("\x8d"): lambda r: r.push(r.text(r.number("Q"))),
    ord("C"): lambda r: r.push(r.take(r.number("B"))),
    ord("B"): lambda r: r.push(r.take(r.number("I"))),
    ord("\x8e"): lambda r: r.push(r.take(r.number("Q"))),
    ord(")"): lambda r: r.tuple_of([]),
    ord("\x85"): lambda r: r.tuple_of([r.pop()]),
    ord("\x86"): lambda r: r.tuple_of([r.pop(), r.pop()][::-1]),
    ord("\x87"): lambda r: r.tuple_of([r.pop(), r.pop(), r.pop()][::-1]),
    ord("t"): lambda r: r.tuple_of(r.pop_to_mark()),
    ord("]"): lambda r: r.push(Listing()),
    ord("a"): lambda r: r.append([r.pop()]),
    ord("e"): lambda r: r.append(r.pop_to_mark()),
    ord("}"): lambda r: r.push(Table()),
    ord("s"): lambda r: r.set_items([r.pop(), r.pop()][::-1]),
    ord("u"): lambda r: r.set_items(r.pop_to_mark()),
    ord("q"): lambda r: r.remember(r.number("B")),
    ord("r"): lambda r: r.remember(r.number("I")),
    ord("\x94"): lambda r: r.remember(len(r.memo)),
    ord("h"): lambda r: r.recall(r.number("B")),
    ord("j"): lambda r: r.recall(r.number("I")),
    ord("c"): lambda r: r.name(r.line(), r.line()),
    ord("i"): lambda r: (r.name(r.line(), r.line()), r.new_object()),
    ord("\x93"): lambda r: r.stack_name(),
    ord("R"): lambda r: r.apply(),
    ord("b"): lambda r: r.build(),
    ord("Q"): lambda r: r.storage(),
    ord("o"): lambda r: r.new_object(),
    ord("\x81"): lambda r: r.new_object(),
    ord("\x92"): lambda r: r.new_object(),
}

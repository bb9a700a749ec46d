"""Bundle JavaScript modules into one script, since Streamlit takes a component as text.

Streamlit can also serve the files of a package (`asset_dir`), and there they may import each other. This is not used:
the addresses of those files never change, so a tab that outlives the server, or a cache in between, would feed new
payloads to old modules; Streamlit finds the files only in an installed package with a `pyproject.toml`; and it adds a
script element to the page for each payload. As text, the script always matches its payload.

Each module becomes a function with names of its own, and an import reads from what that function returns. Only one form
of import and of export is supported; others are refused, and the tests import the same files in node. Comment lines are
removed, since the script is sent with each payload.
"""

import re
from pathlib import Path

IMPORT = re.compile(r'^import \{([\w\s,]+)\} from "(\.[\w./-]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|let|class|function|async function) (\w+))", re.MULTILINE)
DEFAULT = re.compile(r"^export default ", re.MULTILINE)
COMMENT = re.compile(r"^ *(?://[^\n]*|/\*\*(?:(?!\*/).)*\*/)\n", re.MULTILINE | re.DOTALL)  # whole lines
LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def bundle(entry: Path) -> str:
    """Return the script of `entry` and all its imports, each module once and before those that import it.

    Raises ValueError for circular imports, and for an unsupported form of import or export.
    """
    names: dict[Path, str] = {}
    parts: list[str] = []

    def add(path: Path, above: tuple[Path, ...]) -> str:
        if path in above:
            raise ValueError(f"{path.name} imports itself, through {', '.join(each.name for each in above)}.")
        if path in names:
            return names[path]

        def read(found: re.Match[str]) -> str:
            return f"const {{{found[1]}}} = {add((path.parent / found[2]).resolve(), (*above, path))};\n"

        body = IMPORT.sub(read, COMMENT.sub("", path.read_text(encoding="utf-8")))
        exports = EXPORT.findall(body)
        body = EXPORT.sub("", body)
        for line in LEFT.findall(DEFAULT.sub("", body) if not above else body):
            raise ValueError(f"{path.name}: this way to import or export is not known here: {line}")
        names[path] = f"module{len(names)}"
        whole = f"const {names[path]} = (() => {{\n{body}return {{ {', '.join(exports)} }};\n}})();\n"
        parts.append(whole if above else body)
        return names[path]

    add(entry.resolve(), ())
    return "".join(parts)

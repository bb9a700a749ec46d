"""The house speaks plain words: none of its former private terms stands in code, texts or documents."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Once used as terms that nobody defined; ARCHITECTURE's glossary has the words to use instead.
DIALECT = re.compile(
    r"(?<![a-z])(told|said|beside|heard|worn|begun|in[ _]hand|at[ _]hand|kept[ _]aside|quick eyes|f[ae]lls? silent|"
    r"vouch\w*|(is|are) no numbers?|misses nothing|a word by which)(?![a-z])",
    re.IGNORECASE,
)


def files() -> list[Path]:
    """Return everything that is read by those who use or change kanviz; not the changelog, which tells what was."""
    code = [file for kind in ("*.py", "*.js", "*.css", "*.md") for file in (ROOT / "kanviz").rglob(kind)]
    pages = [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "docs").glob("*.md")]
    return sorted(
        [*code, *pages, *(ROOT / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING", "SECURITY"))]
    )


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_word_is_a_term_only_if_the_glossary_has_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    found = [f"{n}: {line.strip()[:120]}" for n, line in enumerate(text.splitlines(), 1) if DIALECT.search(line)]
    assert not found, "\n".join(found)

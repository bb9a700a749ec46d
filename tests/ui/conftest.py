"""The pages under Streamlit's AppTest."""

import functools
from collections.abc import Iterator

import pytest
from streamlit.components.v2 import manifest_scanner


@pytest.fixture(scope="session", autouse=True)
def components_installed() -> Iterator[None]:
    """Read once which packages bring components. Streamlit reads all that are installed for each AppTest (0.1 s)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner, "scan_component_manifests", functools.cache(manifest_scanner.scan_component_manifests)
        )
        yield

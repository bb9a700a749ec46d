"""Bad inputs through the real upload widgets: a sentence or an opened file, never a stack trace, the app alive.

One visitor gives all files of a kind, one after another, so each also shows that the one before left the app alive; the
server's log may hold no traceback in the end.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kanviz.core.init import init
from kanviz.core.kan import Caution
from kanviz.core.layer import Variable
from kanviz.io.native import to_bytes
from tests.browser.conftest import go, settle, upload

FOLDER = Path(__file__).parents[1] / "bad_inputs"
CASES = [case for case in json.loads((FOLDER / "manifest.json").read_text())["cases"] if case.get("browser")]
MODELS = ("pt", "safetensors", "pykan")
TABLES = ("csv", "parquet", "npz")


def files_of(case) -> list[Path]:
    """The files a person would choose together: a pykan config comes with its weights."""
    path = FOLDER / case["file"]
    if case["name"].endswith("_config.yml") and case["name"] != "yaml_only_config.yml":
        return [path, FOLDER / "models" / "pykan_state_for_yaml_cases"]
    return [path]


def give_all(page: Page, kind: str, give: Callable[[Page, dict], None]) -> None:
    """Give all files of a kind, each on an Open page whose fields are empty; a failure names its file."""
    cases = [case for case in CASES if case["kind"] == kind]
    assert cases
    for n, case in enumerate(cases):
        if n:
            go(page, "Lessons")
            page.get_by_test_id("stSidebar").get_by_role("link", name="Open", exact=True).click()
            expect(page.get_by_role("heading", name="See every function a KAN learned")).to_be_visible()
            settle(page)
        try:
            give(page, case)
        except AssertionError as wrong:
            wrong.add_note(f"The file: {case['name']}")
            raise


def refusal(page: Page) -> str:
    alert = page.get_by_test_id("stAlert")
    expect(alert.first).to_be_visible()
    return alert.first.inner_text().strip().removeprefix("error").strip()


def check_sentence(text: str) -> None:
    assert 12 <= len(text) <= 400, text
    assert not re.search(r"Traceback|Error:|Exception|\\n  File", text), text


@pytest.mark.parametrize("kind", MODELS)
def test_models_open_or_are_refused_in_a_sentence(page: Page, kind: str):
    give_all(page, kind, give_model)


def give_model(page: Page, case: dict) -> None:
    upload(page, "pykan's two files", files_of(case))
    page.get_by_role("button", name="Open network").click()
    opened = page.get_by_role("heading", name="Workbench", exact=True, level=1)
    expect(opened.or_(page.get_by_test_id("stAlert")).first).to_be_visible()
    settle(page)
    if opened.is_visible():
        assert case["must_happen"] != "clear_error"
        expect(page.locator(".kv-stage svg").first).to_be_visible()
        if case["must_happen"] == "accept_with_warning":
            expect(page.get_by_text(re.compile(r"\d+ notes? on this file"))).to_be_visible()
    else:
        assert case["must_happen"].startswith("clear_error")
        check_sentence(refusal(page))


@pytest.mark.parametrize("kind", TABLES)
def test_tables_are_read_or_refused_in_a_sentence(page: Page, kind: str):
    give_all(page, kind, give_table)


def test_every_kind_of_file_is_given():
    assert {case["kind"] for case in CASES} == {*MODELS, *TABLES}


def give_table(page: Page, case: dict) -> None:
    upload(page, "Table (CSV", files_of(case))
    read = page.get_by_text("Target: what to predict").or_(page.get_by_text("no column that could be a target"))
    expect(read.first.or_(page.get_by_test_id("stAlert").first)).to_be_visible()
    settle(page)
    if page.get_by_test_id("stAlert").count():
        assert case["must_happen"].startswith("clear_error") or "target" in refusal(page)
        check_sentence(refusal(page))
    else:
        assert case["must_happen"] != "clear_error"
        if case["must_happen"] == "accept_with_warning":
            expect(page.locator("[class*=st-key-table-notes]").get_by_text(re.compile(r"\w")).first).to_be_visible()


def test_addresses_in_a_file_are_no_links(page: Page):
    address, server, mail = "https://evil.example/a?b=1", "www.evil.example", "me@evil.example"
    names = [Variable(f"{text} {n}", server) for n, text in enumerate((address, server, mail))]
    kan = init([3, 2, 1], grid=4, inputs=names, outputs=[Variable(f"y {address}", address)])
    words = f"See {address}, {server}, <{address}>, [a]({address}) or write to {mail}."
    kan = replace(kan, notes=(Caution(f"Caution. {words}"), f"Note. {words}"))
    file = {"name": "m.safetensors", "mimeType": "application/octet-stream", "buffer": to_bytes(kan)}
    upload(page, "pykan's two files", [file])
    page.get_by_role("button", name="Open network").click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    settle(page)
    expect(page.get_by_test_id("stAlert").filter(has_text="Caution. See https")).to_be_visible()
    page.get_by_text("2 notes on this file").click()
    expect(page.get_by_text("Note. See https")).to_be_visible()
    links = page.evaluate("() => [...document.querySelectorAll('a')].map((a) => a.outerHTML)")
    assert not [link for link in links if "evil" in link]

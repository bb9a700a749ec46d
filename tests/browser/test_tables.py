"""A table in the browser: notes stand where they are needed, a click undoes what was assumed, no grid is exported."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import settle, upload

TABLES = Path(__file__).parents[1] / "tables"


def test_notes_stand_where_they_are_needed_and_a_click_undoes_what_was_assumed(page: Page):
    form = page.get_by_test_id("stMain")
    upload(page, "Table (CSV", TABLES / "air.csv")
    box = form.get_by_role("checkbox", name="-200 means that a value is missing")
    expect(box).to_be_checked()
    expect(form.get_by_text("far from all other values of T (30), RH (30) and c (45).")).to_be_visible()
    expect(form.get_by_text("94 of 300 rows have missing or infinite values and are left out.")).to_be_visible()
    form.get_by_text("-200 means that a value is missing").click()
    settle(page)
    expect(box).not_to_be_checked()
    expect(form.get_by_text("left out", exact=False)).to_have_count(0)
    upload(page, "Table (CSV", TABLES / "charges.csv")
    expect(form.get_by_text("Not used as an input: ID (row numbers).")).to_be_visible()
    expect(form.get_by_text("smoker (yes = 1)")).to_be_visible()
    upload(page, "Table (CSV", {"name": "old.xls", "mimeType": "", "buffer": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"})
    expect(form.get_by_test_id("stAlert")).to_contain_text("old Excel file (.xls)")
    hostile = b"name,x,y\n" + b"=cmd|' /C calc'!A0,1,2\n+1+1,2,3\n-2+3,3,4\n" * 5
    upload(page, "Table (CSV", {"name": "cells.csv", "mimeType": "text/csv", "buffer": hostile})
    expect(form.get_by_test_id("stAlert")).to_have_count(0)
    grid = form.get_by_test_id("stDataFrame").first
    grid.hover()
    expect(grid.get_by_role("button", name="Search")).to_be_visible()
    expect(grid.get_by_role("button", name="Download as CSV")).to_be_hidden()

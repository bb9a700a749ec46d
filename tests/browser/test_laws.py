"""From a table to its law as a person goes: CSV in, law out, checked on the page, copied; and stopped in the middle."""

import re

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.conftest import go, settle, type_into_cell, upload

LONG = 60_000  # milliseconds that a search may take on a busy machine


def table_file(noise: float = 0.0) -> dict:
    """F = m_1 m_2 / r^2 on 200 rows, with every digit, as a person's CSV."""
    draw = np.random.default_rng(0)
    rows = draw.uniform(1, 2, (200, 3))
    pull = rows[:, 0] * rows[:, 1] / rows[:, 2] ** 2 * (1 + noise * draw.standard_normal(200))
    lines = [
        "m_1 (kg),m_2 (kg),r (m),F (N)",
        *(",".join(map(repr, row)) for row in np.column_stack([rows, pull]).tolist()),
    ]
    return {"name": "pulls.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}


# how far below its box's top a formula begins
ABOVE = """box => {
    const signs = document.createTreeWalker(box.querySelector(".katex-html"), NodeFilter.SHOW_TEXT), tops = [];
    for (const range = document.createRange(); signs.nextNode(); ) {
        range.selectNode(signs.currentNode);
        if (signs.currentNode.data.trim()) tops.push(range.getBoundingClientRect().top);
    }
    return Math.min(...tops) - box.getBoundingClientRect().top;
}"""


def start(page: Page, table: dict) -> None:
    go(page, "Laws")
    upload(page, "Table", table)
    page.get_by_role("button", name="Find the law").click()


def metric(page: Page, label: str) -> str:
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue").inner_text()


def test_csv_in_law_out_checked_on_held_out_rows_and_copied(page: Page):
    start(page, table_file())
    expect(page.get_by_text("whose only error is rounding").first).to_be_visible(timeout=LONG)
    expect(page.get_by_text(re.compile("Ended because"))).to_be_visible(timeout=LONG)
    settle(page)
    value, unit = metric(page, "Held-out RMSE").split()
    assert float(value) < 1e-12
    assert unit == "N"
    assert page.locator(".katex-display").last.evaluate(ABOVE) >= 0  # what stands above the formula's box is cut off
    expect(page.get_by_text("On 40 held-out rows.")).to_be_visible()
    code = page.get_by_test_id("stCode")
    expect(code).to_have_text(r"F = \frac{m_{1} \, m_{2}}{r^{2}}")
    page.get_by_text("SymPy", exact=True).click()
    expect(code).to_have_text("m_1*m_2/r**2")


def test_stopped_in_the_middle_the_best_so_far_stays(page: Page):
    start(page, table_file(noise=0.02))
    expect(page.get_by_text(re.compile("The best so far has an error of"))).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Stop and keep the best so far").click()
    expect(page.get_by_text(re.compile("stopped by you"))).to_be_visible()
    settle(page)
    expect(page.get_by_text("Take it with you")).to_be_visible()
    assert "N" in metric(page, "Held-out RMSE")
    go(page, "Train")  # another page, and back: it is still there
    go(page, "Laws")
    expect(page.get_by_text("Take it with you")).to_be_visible()


def test_the_law_found_opens_as_a_network_and_the_laws_stay(page: Page):
    start(page, table_file())
    expect(page.get_by_text(re.compile("Ended because"))).to_be_visible(timeout=LONG)
    settle(page)
    page.get_by_role("button", name="Open as a network").click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    expect(page.get_by_text("The law is open as a network.")).to_be_visible()
    settle(page)
    value, unit = metric(page, "RMSE, held-out rows").split()
    assert float(value) < 1e-12
    assert unit == "N"
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text("Law of F from pulls.csv")).to_be_visible()
    expect(sidebar.get_by_text("[3, 0+1×] · 3 edges · float64")).to_be_visible()
    go(page, "Laws")
    expect(page.get_by_text("Take it with you")).to_be_visible()
    go(page, "Train")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(re.compile("Last run"))).to_be_visible(timeout=LONG)


def test_a_trained_network_is_read_as_a_law_and_kept(page: Page):
    page.get_by_role("button", name="Open", exact=True).first.click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    go(page, "Formula")
    page.get_by_label("Seconds at most").fill("600")  # a busy machine has them
    page.keyboard.press("Enter")
    settle(page)
    page.get_by_role("button", name="Read all edges together").click()
    expect(page.get_by_text(re.compile("Ended because: all curves read"))).to_be_visible(timeout=10 * LONG)
    settle(page)
    assert float(metric(page, "Held-out RMSE")) < 1e-6 < float(metric(page, "RMSE of the network"))
    expect(page.get_by_test_id("stCode").first).to_have_text(re.compile(r"f = e\^\{y\^\{2\} \+ \\sin"))
    page.get_by_role("button", name="Keep this").click()
    expect(page.get_by_text(re.compile("What they replace is saved"))).to_be_visible()
    settle(page)
    expect(page.get_by_text("Every edge has a formula, is frozen, or is pruned.")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("button", name="Undo").click()
    settle(page)
    expect(page.get_by_role("button", name="Keep this")).to_be_visible()


def test_columns_and_units_chosen_of_a_table_stay_while_another_page_is_looked_at(page: Page):
    go(page, "Laws")
    upload(page, "Table", {"name": "t.csv", "mimeType": "text/csv", "buffer": b"a,b,c\n" + b"1.5,2,3\n2.5,3,5\n" * 30})
    page.get_by_text("Units (optional)").click()
    cells = page.get_by_test_id("stDataFrame").last
    for row, unit in ((0, "kg"), (1, "m/s")):
        type_into_cell(cells, row, unit)
    page.get_by_label(re.compile("Seed of the split")).fill("7")
    page.keyboard.press("Enter")
    settle(page)
    go(page, "Train")
    go(page, "Laws")
    expect(page.get_by_label(re.compile("Seed of the split"))).to_have_value("7")
    page.get_by_text("Units (optional)").click()
    told = page.get_by_test_id("stDataFrame").last.locator("[role=gridcell]")
    expect(told.filter(has_text=re.compile("^(kg|m/s)$"))).to_have_text(["kg", "m/s"])

"""A formula typed on the Open page is on the workbench, with room to learn as a step that undo takes back."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import settle


def test_a_typed_formula_becomes_the_network_on_the_workbench(page: Page):
    formula = page.get_by_label("Formula", exact=True)
    formula.fill("sinn(x) * y")
    formula.press("Enter")
    expect(page.get_by_text("did you mean sin?")).to_be_visible()
    formula.fill("sin(pi*x) * y")
    formula.press("Enter")
    expect(page.get_by_text("did you mean sin?")).to_be_hidden()
    expect(page.get_by_text("Network [2, 0+1×], 2 edges.")).to_be_visible()
    room = page.get_by_text("Leave room to learn")
    room.evaluate("node => { node.seen = true }")
    page.get_by_label("y to").fill("3")
    page.get_by_label("y to").press("Enter")
    settle(page)
    assert room.evaluate("node => node.seen"), "the first network has mounted the page anew"
    room.click()
    expect(page.get_by_text("Network [2, 5, 0+1×]")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Make the network").click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    settle(page)
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text("f = sin(pi*x) * y")).to_be_visible()
    edges = sidebar.get_by_text("20 edges")
    expect(edges).to_be_visible()
    sidebar.get_by_role("button", name="Undo").click()
    expect(edges).to_be_hidden()

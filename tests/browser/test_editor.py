"""The spline editor under the hand: drag, nudge, pull, tools with cancel and keep; each gesture is one step."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import expect_last_step, settle, type_into_cell


@pytest.fixture
def editor(page: Page) -> Iterator[Page]:
    """An edge of the first sample on the workbench; nothing may be logged as an error meanwhile."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.get_by_role("button", name="Open", exact=True).first.click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    expect(handle(page, 3)).to_be_visible()
    settle(page)  # until then things move, and a hand may miss
    yield page
    assert not errors, errors


def handle(page: Page, m: int):
    return page.locator(f'.handle[data-m="{m}"]')


def height(page: Page, m: int) -> float:
    return float(handle(page, m).get_attribute("aria-valuenow") or "nan")


def middle(page: Page, m: int) -> tuple[float, float]:
    box = handle(page, m).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def heights(page: Page) -> list[float]:
    return [height(page, m) for m in range(page.locator(".handle").count())]


def mark(page: Page, first: int, last: int) -> None:
    """Shift-drag from one control point's place to another's."""
    (a, y), (b, _) = middle(page, first), middle(page, last)
    page.keyboard.down("Shift")
    page.mouse.move(a - 8, y)
    page.mouse.down()
    page.mouse.move(b + 8, y, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")


def tool(page: Page, name: str):
    return page.locator(".kv-tools").get_by_role("button", name=name)


def answer(page: Page, name: str):
    return page.locator(".kv-foot").get_by_role("button", name=name)


def expect_steps(page: Page, some: bool) -> None:
    """There is something to undo, or nothing."""
    button = page.get_by_role("button", name=re.compile("^Undo"))
    expect(button).to_be_enabled() if some else expect(button).to_be_disabled()


def undo(page: Page) -> None:
    page.keyboard.press("Control+z")
    settle(page)


def test_a_dragged_point_takes_the_curve_along_and_is_one_step(editor: Page):
    before, curve = height(editor, 3), editor.locator("path.total")
    drawn = curve.get_attribute("d")
    x, y = middle(editor, 3)
    editor.mouse.move(x, y)
    editor.mouse.down()
    editor.mouse.move(x, y - 30, steps=4)
    assert curve.get_attribute("d") != drawn, "the curve follows while the button is down"
    assert editor.locator("path.before").get_attribute("d") == drawn
    expect(editor.locator(".kv-editor .kv-note")).to_contain_text("RMSE")
    expect_steps(editor, False)
    editor.mouse.move(x, y - 60, steps=4)
    editor.mouse.up()
    settle(editor)
    assert height(editor, 3) > before
    expect_steps(editor, True)
    expect(editor.get_by_label("Exact height")).to_have_value(f"{height(editor, 3):.6g}")
    undo(editor)
    expect(handle(editor, 3)).to_have_attribute("aria-valuenow", str(before))
    expect_steps(editor, False)


def test_keys_nudge_a_point_and_walk_to_the_next(editor: Page):
    handle(editor, 2).focus()
    before = height(editor, 2)
    editor.keyboard.press("ArrowUp")
    editor.keyboard.press("ArrowUp")
    small = height(editor, 2) - before
    assert small > 0
    editor.keyboard.press("Shift+ArrowDown")
    assert height(editor, 2) < before
    expect(editor.get_by_role("button", name=re.compile("^Undo"))).to_be_enabled()
    settle(editor)
    undo(editor)
    expect(handle(editor, 2)).to_have_attribute("aria-valuenow", str(before))
    handle(editor, 2).focus()
    editor.keyboard.press("ArrowRight")
    assert editor.locator(".handle:focus").get_attribute("data-m") == "3"


def test_the_curve_is_pulled_by_its_active_points_alone(editor: Page):
    count = editor.locator(".handle").count()
    before = [height(editor, m) for m in range(count)]
    grip = editor.locator("path.grip")
    place = grip.evaluate(
        "path => { const p = path.getPointAtLength(path.getTotalLength() / 2), m = path.getScreenCTM();"
        " const q = new DOMPoint(p.x, p.y).matrixTransform(m); return [q.x, q.y] }"
    )
    editor.mouse.move(*place)
    editor.mouse.down()
    editor.mouse.move(place[0], place[1] - 40, steps=4)
    editor.mouse.up()
    settle(editor)
    after = [height(editor, m) for m in range(count)]
    changed = [m for m in range(count) if after[m] != before[m]]
    assert 2 <= len(changed) <= 4, "order 3 has four active coefficients"
    assert changed == list(range(changed[0], changed[-1] + 1))
    undo(editor)
    expect(handle(editor, changed[0])).to_have_attribute("aria-valuenow", str(before[changed[0]]))


def test_a_stretch_is_smoothed_on_approval_only(editor: Page):
    count = editor.locator(".handle").count()
    before = [height(editor, m) for m in range(count)]
    editor.get_by_role("button", name="Mark the whole curve").click()
    editor.get_by_role("button", name="Make the marked stretch rise only").click()
    assert [height(editor, m) for m in range(count)] != before
    expect_steps(editor, False)
    editor.get_by_role("button", name="Cancel the change (Escape)").click()
    assert [height(editor, m) for m in range(count)] == before
    editor.get_by_role("button", name="Make the marked stretch rise only").click()
    editor.get_by_role("button", name="Keep the change (Enter)").click()
    settle(editor)
    after = [height(editor, m) for m in range(count)][1:-1]  # the outermost lie beyond the grid
    assert after == sorted(after)
    expect_steps(editor, True)
    undo(editor)
    expect(handle(editor, 3)).to_have_attribute("aria-valuenow", str(before[3]))


def test_a_stretch_snaps_to_the_nearest_formula_once_it_is_kept(editor: Page):
    before = heights(editor)
    expect(tool(editor, "Snap the marked")).to_be_disabled()
    tool(editor, "Mark the whole curve").click()
    tool(editor, "Snap the marked").click()
    expect(editor.locator(".kv-editor .kv-note")).to_contain_text("Nearest formula")
    expect(answer(editor, "Keep the change")).to_be_focused()
    shown = heights(editor)
    assert shown != before
    expect_steps(editor, False)
    editor.keyboard.press("Escape")
    settle(editor)
    assert heights(editor) == before
    expect(answer(editor, "Keep the change")).to_be_hidden()
    tool(editor, "Snap the marked").click()
    expect(answer(editor, "Keep the change")).to_be_visible()
    answer(editor, "Another formula").click()
    expect(editor.locator(".kv-editor .kv-note")).to_contain_text("Formula 2 of")
    assert heights(editor) != shown
    shown = heights(editor)
    answer(editor, "Keep the change").click()
    settle(editor)
    assert heights(editor) == pytest.approx(shown)
    expect_last_step(editor, "Snap to")
    undo(editor)
    assert heights(editor) == before


def test_another_formula_that_comes_after_the_cancel_is_not_shown(editor: Page):
    before = heights(editor)
    tool(editor, "Mark the whole curve").click()
    tool(editor, "Snap the marked").click()
    expect(answer(editor, "Another formula")).to_be_visible()
    answer(editor, "Another formula").click()
    answer(editor, "Cancel the change").click()
    settle(editor)
    assert heights(editor) == before
    expect(answer(editor, "Keep the change")).to_be_hidden()
    expect_steps(editor, False)


def test_a_stretch_is_bridged_and_the_curve_beside_it_stays(editor: Page):
    before = heights(editor)
    mark(editor, 2, 5)
    tool(editor, "Bridge").click()
    after = heights(editor)
    assert [m for m, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [2, 3, 4, 5]
    answer(editor, "Cancel the change").click()
    assert heights(editor) == before
    tool(editor, "Bridge").click()
    answer(editor, "Keep the change").click()
    settle(editor)
    expect_last_step(editor, "Bridge: 4 control points")


def test_a_stretch_is_refined_and_the_curve_stays(editor: Page):
    curve, count = editor.locator("path.total").get_attribute("d") or "", editor.locator(".handle").count()
    mark(editor, 3, 5)
    tool(editor, "Refine the marked").click()
    expect(editor.locator(".handle")).not_to_have_count(count)
    settle(editor)
    assert editor.locator(".handle").count() > count
    expect(editor.locator(".region")).to_have_attribute("visibility", "visible")
    expect_last_step(editor, "Insert")
    undo(editor)
    expect(editor.locator(".handle")).to_have_count(count)
    assert editor.locator("path.total").get_attribute("d") == curve


def test_a_stretch_is_marked_by_keys_and_by_a_button(editor: Page):
    handle(editor, 2).focus()
    editor.keyboard.press("Shift+ArrowRight")
    editor.keyboard.press("Shift+ArrowRight")
    expect(tool(editor, "Smooth the marked")).to_be_enabled()
    tool(editor, "Flatten the marked stretch").click()
    assert height(editor, 2) == pytest.approx(height(editor, 4), abs=0.3)
    editor.keyboard.press("Escape")
    editor.keyboard.press("Escape")
    expect(tool(editor, "Smooth the marked")).to_be_disabled()
    tool(editor, "Mark a stretch").click()
    expect(tool(editor, "Mark a stretch")).to_have_attribute("aria-pressed", "true")
    x, y = middle(editor, 3)
    editor.mouse.move(x - 10, y)
    editor.mouse.down()
    editor.mouse.move(x + 90, y, steps=3)
    editor.mouse.up()
    expect(tool(editor, "Smooth the marked")).to_be_enabled()
    expect(tool(editor, "Mark a stretch")).to_have_attribute("aria-pressed", "false")
    expect_steps(editor, False)  # nothing was moved by it


def test_parts_are_shown_and_hidden(editor: Page):
    parts = editor.locator(".kv-tools [data-part]:visible")
    assert parts.all_inner_texts() == ["sum", "spline", "base"]
    for button, path in (("Show the base part", "path.base"), ("Show the curve", "path.total")):
        expect(editor.locator(path)).not_to_have_attribute("d", "")
        tool(editor, button).click()
        expect(editor.locator(path)).to_have_attribute("d", "")
        tool(editor, button).click()
        expect(editor.locator(path)).not_to_have_attribute("d", "")


def test_a_height_typed_into_the_table_is_one_step(editor: Page):
    editor.get_by_text("All control points, and a finer grid").click()
    table = editor.locator(".st-key-inspector").get_by_test_id("stDataFrame")
    type_into_cell(table, 2, "0.125")
    expect(handle(editor, 2)).to_have_attribute("aria-valuenow", "0.125")
    expect_last_step(editor, "Move control point 2")
    undo(editor)
    expect(handle(editor, 2)).not_to_have_attribute("aria-valuenow", "0.125")


def test_an_edge_without_control_points_is_drawn_and_says_how_to_get_some(editor: Page):
    before = heights(editor)
    editor.get_by_role("tab", name="Formula").click()
    editor.get_by_role("button", name="Fix this formula").click()
    expect(editor.locator(".kv-editor .kv-note")).to_contain_text("A formula, without control points")
    expect(editor.locator(".handle")).to_have_count(0)
    expect(editor.locator("path.total")).not_to_have_attribute("d", "")
    expect(editor.locator(".kv-editor button:visible")).to_have_count(0)
    settle(editor)
    undo(editor)
    expect(editor.locator(".handle")).to_have_count(len(before))
    assert heights(editor) == before


@pytest.mark.parametrize("width", [390, 1100])
def test_nothing_of_the_editor_is_cut_off(editor: Page, width: int):
    editor.set_viewport_size({"width": width, "height": 900})
    settle(editor)
    handle(editor, 3).scroll_into_view_if_needed()
    frame = editor.locator(".kv-editor").bounding_box()
    assert frame is not None
    assert frame["width"] >= 200
    for node in [*editor.locator(".kv-editor button:visible, .kv-editor .kv-plot svg").all()]:
        box = node.bounding_box()
        assert box is not None
        assert box["x"] >= frame["x"] - 1
        assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1


def listening(page: Page, event: str) -> int:
    """How many listen to an event of the document."""
    tools = page.context.new_cdp_session(page)
    found = tools.send("Runtime.evaluate", {"expression": "document"})["result"]["objectId"]
    listeners = tools.send("DOMDebugger.getEventListeners", {"objectId": found})["listeners"]
    tools.detach()
    return sum(one["type"] == event for one in listeners)


def test_the_editor_listens_once_and_no_more_when_it_has_left_the_page(editor: Page):
    sidebar = editor.get_by_test_id("stSidebar")
    for _ in range(2):
        assert listening(editor, "kanviz-edge") == 1
        sidebar.get_by_role("link", name="Prune").click()
        expect(editor.get_by_role("heading", name="Prune", exact=True, level=1)).to_be_visible()
        settle(editor)
        assert listening(editor, "kanviz-edge") == 0
        sidebar.get_by_role("link", name="Workbench").click()
        expect(handle(editor, 3)).to_be_visible()
        settle(editor)

"""The spline editor under the hand: drag, nudge, pull, tools with cancel and keep; each gesture is one step."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle


@pytest.fixture
def editor(page: Page):
    """An edge of the first sample on the workbench; nothing may be logged as an error meanwhile."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.get_by_role("button", name="Open", exact=True).first.click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    expect(handle(page, 3)).to_be_visible()
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


def steps(page: Page) -> bool:
    return page.get_by_role("button", name=re.compile("^Undo")).is_enabled()


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
    expect(editor.locator(".kv-note")).to_contain_text("RMSE")
    assert not steps(editor)
    editor.mouse.move(x, y - 60, steps=4)
    editor.mouse.up()
    settle(editor)
    assert height(editor, 3) > before
    assert steps(editor)
    expect(editor.get_by_label("Exact height")).to_have_value(f"{height(editor, 3):.6g}")
    undo(editor)
    expect(handle(editor, 3)).to_have_attribute("aria-valuenow", str(before))
    assert not steps(editor)


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
    assert not steps(editor)
    editor.get_by_role("button", name="Cancel the change (Escape)").click()
    assert [height(editor, m) for m in range(count)] == before
    editor.get_by_role("button", name="Make the marked stretch rise only").click()
    editor.get_by_role("button", name="Keep the change (Enter)").click()
    settle(editor)
    after = [height(editor, m) for m in range(count)][1:-1]  # the outermost lie beyond the grid
    assert after == sorted(after)
    assert steps(editor)
    undo(editor)
    expect(handle(editor, 3)).to_have_attribute("aria-valuenow", str(before[3]))

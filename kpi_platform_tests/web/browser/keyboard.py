"""A walk through a page by Tab alone."""

from playwright.sync_api import Page

_WATCH = """() => {
  const takes = (one) => one.checkVisibility({ visibilityProperty: true })
    && !one.disabled && one.tabIndex >= 0 && one.type !== "hidden";
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
    .filter(takes);
  // Of a group of radio buttons Tab reaches one.
  const first = (one) => all.find((other) => other.type === "radio" && other.name === one.name);
  const places = all.filter((one) => one.type !== "radio" || one === first(one));
  window.walk = { places, seen: new Set(), bad: [] };
  document.activeElement?.blur();
  getSelection().removeAllRanges();
  document.addEventListener("focusin", ({ target }) => {
    const style = getComputedStyle(target), box = target.getBoundingClientRect();
    const isRinged = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    const isSeen = box.bottom > 0 && box.top < innerHeight;
    if (!isRinged) window.walk.bad.push(`no ring: ${target.outerHTML.slice(0, 120)}`);
    if (!isSeen) window.walk.bad.push(`out of sight: ${target.outerHTML.slice(0, 120)}`);
    window.walk.seen.add(target);
  });
  // Tab goes through day, month, year and calendar of a date.
  return places.length + 3 * places.filter((one) => one.type === "date").length;
}"""
_RESULT = """() => {
  const { places, seen, bad } = window.walk;
  const missed = places.filter((one) => !seen.has(one));
  return [...bad, ...missed.map((one) => `not reached: ${one.outerHTML.slice(0, 120)}`)];
}"""


def walk(page: Page) -> list[str]:
    """Presses Tab as often as there are places that take the focus. Returns what is wrong: places that are
    not reached (as behind a trap), that show no ring, or that are focused out of sight."""
    for _ in range(page.evaluate(_WATCH)):
        page.keyboard.press("Tab")
    found: list[str] = page.evaluate(_RESULT)
    return found

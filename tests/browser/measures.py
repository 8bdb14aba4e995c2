"""What can be measured of a page's accessibility (WCAG 2.2 AA)."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page

# 1.4.3: text and the ground behind it. Grounds with a picture (a gradient) are left out: there the style sheet says how.
CONTRAST = """() => {
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const rgba = (css) => { const v = css.match(/[\\d.]+/g).map(Number); return v.length < 4 ? [...v, 1] : v; };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.closest("noscript, .unseen")) continue;
    let ground = null;
    for (let behind = element; behind && !ground; behind = behind.parentElement) {
      const style = getComputedStyle(behind);
      if (style.backgroundImage !== "none") ground = "picture";
      else if (rgba(style.backgroundColor)[3] === 1) ground = rgba(style.backgroundColor);
    }
    if (ground === "picture") continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(ground || [255, 255, 255])].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${element.outerHTML.slice(0, 80)}`);
  }
  return found;
}"""

# 2.5.8: 24 by 24 CSS pixels.
TARGETS = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), textarea")]
  .filter((element) => element.checkVisibility())
  .map((element) => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 24)
  .map(([html, box]) => `${box.width}x${box.height} ${html}`)"""

# 1.4.10: nothing is wider than the window.
WIDER = """() => document.documentElement.scrollWidth > document.documentElement.clientWidth
  ? [...document.body.querySelectorAll("*")]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
    .map((element) => element.outerHTML.slice(0, 80))
  : []"""

# 1.3.1 and 4.1.2: what can be used has a name.
NAMELESS = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), textarea")]
  .filter((element) => element.checkVisibility())
  .filter((element) => !(element.labels?.length || element.getAttribute("aria-label") || element.textContent.trim()))
  .map((element) => element.outerHTML.slice(0, 80))"""


async def flaws(page: Page) -> dict[str, Any]:
    """Return what is wrong with a page as it stands, by kind."""
    measures = {"contrast": CONTRAST, "targets": TARGETS, "wider": WIDER, "nameless": NAMELESS}
    found = {kind: await page.evaluate(script) for kind, script in measures.items()}
    if not await page.evaluate("document.documentElement.lang"):
        found["lang"] = "missing"
    return {kind: what for kind, what in found.items() if what}


async def focus(page: Page) -> str:
    """Return what has the focus, by its id or words, with "?" behind it when the focus cannot be seen (2.4.7)."""
    found: str = await page.evaluate(
        """() => { const e = document.activeElement, style = getComputedStyle(e);
        const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
        return (e.id || e.textContent.trim()) + (seen ? "" : "?"); }"""
    )
    return found

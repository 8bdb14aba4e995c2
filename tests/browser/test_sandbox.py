"""The sandbox's phone in a real browser, over the real text message channel."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from playwright.async_api import expect

from tests.browser.conftest import Opener, Town
from tests.browser.measures import flaws

ROOT = Path(__file__).parents[2]
# The demo city's pothole, from data/demo/README.md.
POTHOLE = "482 109 379"


async def test_a_text_is_answered_and_ticked_off(town: Town, open_page: Opener, tmp_path: Path) -> None:
    page = await open_page(town.url + "/sandbox/")
    await page.get_by_role("button", name="Where is my case 482 109 379?").click()
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("log", name="Texts")).to_contain_text("a crew is assigned")
    await expect(page.locator(".text.city").get_by_title("delivered")).to_contain_text("✓✓")
    await page.screenshot(path=tmp_path / "sandbox.png")
    assert await flaws(page) == {}
    (inbound,) = town.core.inbound
    assert (inbound.channel, inbound.address, inbound.text) == ("sms", "+12025550142", "Where is my case 482 109 379?")
    assert await page.locator(".text").count() == 2
    await page.reload()
    assert await page.locator(".text").count() == 2


COUNTS = [
    ("", "0/160 · 1 part"),
    ("a" * 160, "160/160 · 1 part"),
    ("a" * 161, "161/306 · 2 parts"),
    ("€" * 80, "160/160 · 1 part"),
    ("¿Qué pasó?", "10/70 · 1 part"),
    ("ñ" * 160, "160/160 · 1 part"),
    ("🕳" * 36, "72/134 · 2 parts"),
]


async def test_the_counter_counts_as_the_network_does(town: Town, open_page: Opener) -> None:
    page = await open_page(town.url + "/sandbox/")
    shown = []
    for text, _ in COUNTS:
        await page.get_by_label("New text").fill(text)
        shown.append(await page.locator("#counter").inner_text())
    assert shown == [count for _, count in COUNTS]


async def test_the_keypad_types(town: Town, open_page: Opener) -> None:
    page = await open_page(town.url + "/sandbox/")
    # Pressed in the page, so that no machine is too slow for a double press.
    await page.evaluate('for (const key of "44483#0") document.querySelector(`[data-key="${key}"]`).click()')
    assert await page.get_by_label("New text").input_value() == "h80"
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("log", name="Texts")).to_contain_text("You said: h80")


async def test_another_number_is_another_citizen(town: Town, open_page: Opener, tmp_path: Path) -> None:
    page = await open_page(town.url + "/sandbox/")
    await page.get_by_label("New text").fill("hello")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("log", name="Texts")).to_contain_text("You said: hello")
    await page.get_by_label("This phone’s number").fill("+1 (555) 010-0143")
    await page.get_by_role("button", name="Change").click()
    await expect(page.get_by_text("No texts yet.")).to_be_visible()
    await page.get_by_label("New text").fill("hola")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("log", name="Texts")).to_contain_text("You said: hola")
    assert [inbound.address for inbound in town.core.inbound] == ["+12025550142", "+15550100143"]
    await page.get_by_label("This phone’s number").fill("+1 212 867 5309")
    await page.get_by_role("button", name="Change").click()
    await expect(page.get_by_role("alert")).to_contain_text("one with 555")
    await page.screenshot(path=tmp_path / "sandbox-error.png")
    assert await flaws(page) == {}


async def test_without_javascript(town: Town, open_page: Opener) -> None:
    page = await open_page(town.url + "/sandbox/", java_script_enabled=False)
    await page.get_by_label("New text").fill("hello")
    await page.get_by_role("button", name="Send").click()
    await page.get_by_role("link", name="Look for new texts").click()
    await expect(page.get_by_role("log", name="Texts")).to_contain_text("You said: hello")
    await page.get_by_role("button", name="I want to complain").click()
    await page.get_by_role("link", name="Look for new texts").click()
    await expect(page.get_by_role("log", name="Texts")).to_contain_text("You said: I want to complain")
    assert town.core.texts == ["hello", "I want to complain"]


async def test_on_a_small_screen(town: Town, open_page: Opener, tmp_path: Path) -> None:
    page = await open_page(town.url + "/sandbox/", viewport={"width": 320, "height": 800})
    await page.get_by_label("New text").fill("https://city.example/" + "a" * 90)
    await page.keyboard.press("Enter")
    await expect(page.locator(".text.city")).to_have_count(1)
    assert await flaws(page) == {}
    await page.screenshot(path=tmp_path / "sandbox-320.png", full_page=True)


async def test_it_leads_to_the_chat(town: Town, open_page: Opener) -> None:
    page = await open_page(town.url + "/sandbox")
    assert page.url == town.url + "/sandbox/"
    await page.get_by_role("link", name="Open the web chat").click()
    await expect(page.get_by_role("heading", name="Chat with Riverton")).to_be_visible()


async def test_sandbox_screenshot(city_url: str, open_page: Opener, tmp_path: Path) -> None:
    """The README's picture, of the whole running city; CIVICLINE_SCREENSHOTS=1 puts a new one into docs/."""
    page = await open_page(f"{city_url}/sandbox/?number=%2B12025550188", viewport={"width": 1000, "height": 860})
    await page.get_by_label("New text").fill(f"Where is my case {POTHOLE}?")
    await page.get_by_role("button", name="Send").click()
    answer = page.locator(".text.city").first
    await answer.wait_for(timeout=60_000)
    await expect(answer).to_contain_text(re.compile(f"{POTHOLE}|Mill Street"))
    await expect(answer.get_by_title("delivered")).to_be_visible(timeout=10_000)
    taken = tmp_path / "sandbox.png"
    await page.screenshot(path=taken)
    kept = ROOT / "docs" / "sandbox.png"
    if os.environ.get("CIVICLINE_SCREENSHOTS") or not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        shutil.copy(taken, kept)

"""The web chat in a real browser: with and without JavaScript, by keyboard alone, on a small screen, over a lost line."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Opener, Town
from tests.browser.measures import flaws, focus
from tests.channels.live import CHOICES

STATUS = "Where is my case 482 109 379?"
SMALL = {"width": 320, "height": 640}
# What remains of a window of 1280 by 1024 at a zoom of 400 %.
ZOOMED = {"width": 320, "height": 256}


async def connected(page: Page) -> None:
    await page.wait_for_function("() => opened && socket.readyState === WebSocket.OPEN")


async def lines(page: Page) -> list[str]:
    return await page.locator(".line .text").all_inner_texts()


async def test_a_conversation(town: Town, open_page: Opener, tmp_path: Path) -> None:
    page = await open_page(town.url + "/chat")
    await connected(page)
    await page.get_by_label("Your message").fill(STATUS)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("log")).to_contain_text("a crew is assigned")
    await page.get_by_label("Your message").fill(CHOICES)
    await page.get_by_role("button", name="Send").click()
    await page.get_by_role("button", name="Report a problem").wait_for()
    await page.screenshot(path=tmp_path / "chat.png")
    assert await flaws(page) == {}
    await page.get_by_role("button", name="Report a problem").click()
    await expect(page.get_by_role("log")).to_contain_text("You said: Report a problem")
    await expect(page.get_by_role("button", name="Report a problem")).to_have_count(0)
    expected = [STATUS, "Case 482", CHOICES, "What would", "Report a problem", "You said"]
    assert [text.startswith(start) for text, start in zip(await lines(page), expected, strict=True)] == [True] * 6
    before = await lines(page)
    await page.reload()
    assert await lines(page) == before
    assert town.core.texts == [STATUS, CHOICES, "Report a problem"]


async def test_the_whole_city_answers(city_url: str, open_page: Opener) -> None:
    page = await open_page(city_url + "/chat")
    await connected(page)
    await page.get_by_label("Your message").fill("Where is my case 482 109 379?")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("log")).to_contain_text("Mill Street", timeout=30_000)
    await expect(page.get_by_text("Sending")).to_have_count(0)
    shown = await lines(page)
    await page.reload()
    assert await lines(page) == shown
    form = await open_page(city_url + "/chat?lang=es", java_script_enabled=False)
    await form.get_by_label("Su mensaje").fill("¿Cómo va mi caso 902 146 375?")
    await form.get_by_role("button", name="Enviar").click()
    await expect(form.get_by_role("log")).to_contain_text("River Road", timeout=30_000)
    assert "Mill Street" not in await form.content()


async def test_while_an_answer_is_made(town: Town, open_page: Opener, tmp_path: Path) -> None:
    page = await open_page(town.url + "/chat")
    await connected(page)
    town.core.gate.clear()
    for text in ("one", "two"):
        await page.get_by_label("Your message").fill(text)
        await page.keyboard.press("Enter")
    await expect(page.get_by_text("The assistant is writing")).to_be_visible()
    await page.screenshot(path=tmp_path / "chat-typing.png")
    assert await flaws(page) == {}
    town.core.gate.set()
    await expect(page.get_by_role("log")).to_contain_text("You said: two")
    await expect(page.locator("#typing")).to_be_empty()
    assert await lines(page) == ["one", "two", "You said: one", "You said: two"]
    await expect(page.get_by_text("Sending")).to_have_count(0)


async def test_by_keyboard_alone(town: Town, open_page: Opener) -> None:
    page = await open_page(town.url + "/chat")
    await connected(page)
    visited = []
    for _ in range(4):
        await page.keyboard.press("Tab")
        visited.append(await focus(page))
    assert visited == ["Español", "scroll", "text", "Send"]
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.type(CHOICES)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Talk to a person").wait_for()
    assert await focus(page) == "text"
    await page.keyboard.press("Shift+Tab")
    assert await focus(page) == "Talk to a person"
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("log")).to_contain_text("You said: Talk to a person")
    assert await focus(page) == "text"  # the button is gone, the keyboard is not lost


async def test_without_javascript(town: Town, open_page: Opener, tmp_path: Path) -> None:
    page = await open_page(town.url + "/chat", java_script_enabled=False)
    await page.get_by_label("Your message").fill(CHOICES)
    await page.get_by_role("button", name="Send").click()
    await page.get_by_role("button", name="Ask about a case").click()
    await expect(page.get_by_role("log")).to_contain_text("You said: Ask about a case")
    await page.screenshot(path=tmp_path / "chat-form.png")
    town.core.gate.clear()
    await page.get_by_label("Your message").fill("And my street lamp?")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_text("The answer is not here yet.")).to_be_visible()
    await page.get_by_role("link", name="Check for answers").click()
    await expect(page.get_by_text("The answer is not here yet.")).to_be_visible()
    town.core.gate.set()
    async with asyncio.timeout(5):
        while town.core.answered < 3:  # noqa: ASYNC110 (the core has no event to wait for)
            await asyncio.sleep(0.01)
    await page.get_by_role("link", name="Check for answers").click()
    await expect(page.get_by_role("log")).to_contain_text("You said: And my street lamp?")
    await expect(page.get_by_text("The answer is not here yet.")).to_have_count(0)
    assert town.core.texts == [CHOICES, "Ask about a case", "And my street lamp?"]


async def test_without_javascript_the_newest_line_is_in_sight(town: Town, open_page: Opener) -> None:
    page = await open_page(town.url + "/chat", java_script_enabled=False)
    for number in range(12):
        await page.get_by_label("Your message").fill(f"line {number}")
        await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_text("You said: line 11")).to_be_in_viewport()


@pytest.mark.parametrize("window", [SMALL, ZOOMED], ids=["320 wide", "400 % zoom"])
async def test_on_a_small_screen(window: dict[str, int], town: Town, open_page: Opener, tmp_path: Path) -> None:
    page = await open_page(town.url + "/chat", viewport=window)
    await connected(page)
    for text in (STATUS, "https://city.example/" + "a" * 90, CHOICES):
        await page.get_by_label("Your message").fill(text)
        await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Talk to a person").wait_for()
    assert await flaws(page) == {}
    await page.screenshot(path=tmp_path / f"chat-{window['height']}.png")
    await page.get_by_label("Your message").focus()
    await expect(page.get_by_label("Your message")).to_be_in_viewport()


async def test_in_spanish(town: Town, open_page: Opener, tmp_path: Path) -> None:
    page = await open_page(town.url + "/chat", locale="es-MX")
    await connected(page)
    assert await page.evaluate("document.documentElement.lang") == "es"
    await page.get_by_label("Su mensaje").fill("¿Cómo va mi caso 482 109 379?")
    await page.get_by_role("button", name="Enviar").click()
    await expect(page.get_by_role("log")).to_contain_text("ya tiene cuadrilla")
    await page.screenshot(path=tmp_path / "chat-es.png")
    await page.get_by_role("button", name="Enviar").click()
    await expect(page.get_by_role("alert")).to_have_text("Por favor, escriba primero un mensaje.")
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_role("heading", name="Chat with Riverton")).to_be_visible()
    await expect(page.get_by_role("log")).to_contain_text("ya tiene cuadrilla")


async def test_an_error_keeps_the_words(town: Town, open_page: Opener, tmp_path: Path) -> None:
    page = await open_page(town.url + "/chat")
    await connected(page)
    await page.get_by_label("Your message").fill("a" * 5001)
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("alert")).to_contain_text("at most 5,000 characters")
    assert await page.get_by_label("Your message").input_value() == "a" * 5001
    await expect(page.locator(".line")).to_have_count(0)
    await page.get_by_label("Your message").fill("short")
    town.core.broken = True
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("alert")).to_contain_text("please send it again")
    await expect(page.get_by_label("Your message")).to_have_value("short")
    # Whoever writes on meanwhile keeps both: the unsent one stands in the conversation.
    await page.evaluate("text.value = 'one'; compose.requestSubmit(); text.value = 'two'")
    await expect(page.get_by_text("Not sent")).to_be_visible()
    await expect(page.get_by_label("Your message")).to_have_value("two")
    await page.screenshot(path=tmp_path / "chat-error.png")
    assert await flaws(page) == {}
    town.core.broken = False
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("log")).to_contain_text("You said: two")
    await expect(page.locator("#trouble")).to_be_empty()
    assert await lines(page) == ["one", "two", "You said: two"]
    town.core.dumb = True
    await page.get_by_label("Your message").fill("three")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("alert")).to_contain_text("If you do not see your message above")
    await expect(page.get_by_label("Your message")).to_have_value("")
    assert (await lines(page))[-1] == "three"


async def test_a_lost_line_loses_no_message_and_doubles_none(town: Town, open_page: Opener) -> None:
    page = await open_page(town.url + "/chat")
    await connected(page)
    await page.get_by_label("Your message").fill("one")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("log")).to_contain_text("You said: one")
    town.core.gate.clear()
    await page.get_by_label("Your message").fill("two")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The assistant is writing")).to_be_visible()
    await page.evaluate("socket.close()")
    await expect(page.get_by_text("The connection was lost.")).to_be_visible()
    await page.get_by_label("Your message").fill("three")
    await page.keyboard.press("Enter")
    (address,) = town.core.lines
    await town.core.say(address, "staff", "Bea here.")
    town.core.gate.set()
    await expect(page.get_by_role("log")).to_contain_text("You said: three")
    await expect(page.get_by_text("Sending")).to_have_count(0)
    assert town.core.texts == ["one", "two", "three"]
    shown = await lines(page)
    assert sorted(shown) == sorted(line.text for line in await town.core.history("webchat", address))
    assert shown == [line.text for line in await town.core.history("webchat", address)]


async def test_two_pages_of_one_citizen_show_the_same(town: Town, open_page: Opener) -> None:
    page = await open_page(town.url + "/chat")
    await connected(page)
    other = await page.context.new_page()
    await other.goto(town.url + "/chat")
    await connected(other)
    await page.get_by_label("Your message").fill("hello")
    await page.keyboard.press("Enter")
    await expect(other.get_by_role("log")).to_contain_text("You said: hello")
    assert await lines(other) == await lines(page) == ["hello", "You said: hello"]

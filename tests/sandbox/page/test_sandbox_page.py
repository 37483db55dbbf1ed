"""The sandbox's page in a real browser: people create, watch, play and switch, each in their own way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from chainhub_sandbox import Sandbox

    from tests.sandbox.page.conftest import Open

KITTEN = "examples/kitten.png"
PACE = 10.0
HOSTILE = (
    "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">'\"&"
)

expect.set_options(timeout=20_000)


def _create(tab: Page, prompt: str, model: str = "openai sora-2", picture: str = "") -> None:
    """Fill in the form, and send it."""
    tab.get_by_label("Prompt").fill(prompt)
    tab.get_by_label("Model").select_option(model)
    tab.get_by_label("Seconds").fill("4")
    if picture:
        tab.get_by_label("Picture", exact=True).set_input_files(picture)
    tab.get_by_role("button", name="Create", exact=True).click()


def _newest(tab: Page) -> Any:
    return tab.locator(".task").first


def _paid(tab: Page) -> Any:
    return tab.locator("#counters strong").first


# The first, while there are few tasks: axe-core looks at every element.
def test_nobody_is_left_out(open_tab: Open, gateway: Sandbox, complaints: list[str]) -> None:
    """axe-core finds nothing wrong with a full page, open to the last detail, and nothing stands out sideways."""
    complaints.append("400 (Bad Request)")
    tab = open_tab()
    _create(tab, "Finished", "unified grok-video-3", KITTEN)
    gateway.finish(gateway.tasks[-1].id)
    _create(tab, "word " * 100)
    gateway.fail(gateway.tasks[-1].id, "as it happens")
    _create(tab, "Running")
    expect(_newest(tab)).to_contain_text("Running")
    gateway.advance(1.5 * PACE)
    gateway.fault("query", "status", status=502, after=3)
    tab.get_by_label("Any other fault").fill("nonsense")
    tab.get_by_role("button", name="Set", exact=True).click()
    expect(tab.locator("#message")).to_contain_text("Not set")
    tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    schemes: dict[int, Literal["light", "dark"]] = {1280: "light", 400: "dark"}
    for width, scheme in schemes.items():
        tab.set_viewport_size({"width": width, "height": 900})
        tab.emulate_media(color_scheme=scheme)
        results = Axe().run(tab, options={"resultTypes": ["violations"]})
        assert results.violations_count == 0, results.generate_report()
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.set_viewport_size({"width": 320, "height": 900})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("model", ["openai veo_3_1", "unified grok-video-3"])
def test_a_task_is_created_watched_and_played(open_tab: Open, gateway: Sandbox, model: str) -> None:
    """In both formats: the picture arrives, the state goes on without reloading, and the video plays.

    Markup in a prompt is shown letter by letter, and nothing of it runs.
    """
    tab, paid = open_tab(), gateway.paid
    prompt = f"{HOSTILE} for {model}"
    _create(tab, prompt, model, KITTEN)
    task = _newest(tab)
    expect(task.locator(".prompt")).to_have_text(prompt)
    expect(_paid(tab)).to_have_text(str(paid + 1))
    received = gateway.requests[-1]
    if model.startswith("openai"):
        assert [picture.name for picture in received.pictures] == ["kitten.png"]
    else:
        assert received.body["images"][0].startswith(f"{gateway.url}/_sandbox/page/uploads/")
    first = "queued" if model.startswith("openai") else "pending"
    expect(task.locator(".pill")).to_have_text(first)
    tab.evaluate("window.sameDocument = true")
    gateway.advance(1.5 * PACE)
    expect(task.locator(".pill")).to_have_text("processing")
    assert 0 < int(task.locator("progress").get_attribute("value")) < 100
    gateway.advance(10 * PACE)
    expect(task.locator(".pill")).to_have_text("completed")
    name = task.locator("h3").inner_text()
    expect(tab.get_by_role("status")).to_contain_text(f"{name}: completed")
    picture = task.get_by_role("img", name=f"Picture 1 of {name}")
    picture.scroll_into_view_if_needed()
    tab.wait_for_function("image => image.naturalWidth > 0", arg=picture.element_handle())
    video = task.locator("video").element_handle()
    video.evaluate("video => { video.muted = true; return video.play(); }")
    tab.wait_for_function("video => video.currentTime > 0.2 && video.videoWidth > 0", arg=video)
    assert tab.evaluate("window.sameDocument") is True
    tab.reload()
    expect(_newest(tab).locator(".prompt")).to_have_text(prompt)
    assert tab.title() == "ChainHub sandbox"
    assert tab.locator("img[src=x], main script").count() == 0


def test_a_create_needs_no_mouse(open_tab: Open) -> None:
    """With Tab, letters, arrows and Enter alone; and at each stop it shows where the focus is."""
    tab = open_tab()
    stops = []
    for _ in range(14):
        tab.keyboard.press("Tab")
        focused = tab.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " return [e.id || e.textContent.trim(), s.outlineStyle !== 'none' && s.outlineWidth !== '0px'] }"
        )
        stops.append(focused)
        if focused[0] == "prompt":
            tab.keyboard.press("ControlOrMeta+A")
            tab.keyboard.type("Typed by hand")
        elif focused[0] == "shape":
            tab.keyboard.press("ArrowDown")
        elif focused[0] == "Create":
            break
    assert [name for name, seen in stops if not seen] == []
    places = ["New task", "Tasks", "Faults", "Dialects"]
    fields = ["prompt", "model", "shape", "seconds", "picture", "link", "Create"]
    assert [name for name, _ in stops] == places + fields
    tab.keyboard.press("Enter")
    expect(_newest(tab)).to_contain_text("Typed by hand")
    expect(_newest(tab)).to_contain_text("720x1280")


def test_a_fault_is_switched_and_hits(
    open_tab: Open, gateway: Sandbox, complaints: list[str]
) -> None:
    """Refused creates are told, the focus stays, and nothing is paid; one whose answer is lost is told and counted."""
    complaints.append("400 (Bad Request)")  # the answer to the form
    tab, paid = open_tab(), gateway.paid
    switch = tab.get_by_role("switch", name="Creates are refused: 503")
    expect(switch).not_to_be_checked()
    switch.press("Enter")
    expect(switch).to_be_checked()
    expect(switch).to_be_focused()
    _create(tab, "Refused")
    alert = tab.locator("#message")
    expect(alert).to_contain_text("The gateway answered 503")
    expect(alert).to_be_focused()
    expect(tab.get_by_label("Prompt")).to_have_value("Refused")
    expect(tab.locator(".set")).to_contain_text("hit 1 of 1 requests")
    assert gateway.paid == paid
    tab.get_by_role("button", name="Clear all faults").click()
    expect(tab.locator(".set")).to_have_count(0)
    assert gateway.faults == []
    tab.get_by_role("switch", name="Answers to creates get lost").click()
    expect(tab.get_by_role("switch", name="Answers to creates get lost")).to_be_checked()
    _create(tab, "Lost on the way")
    expect(alert).to_contain_text("No answer came")
    expect(_newest(tab)).to_contain_text("Lost on the way")
    expect(_paid(tab)).to_have_text(str(paid + 1))


def test_a_dialect_is_switched_and_spoken(open_tab: Open, gateway: Sandbox) -> None:
    """The next task has an id as the dialect has it, and the one after the switch is off has not."""
    tab = open_tab()
    switch = tab.get_by_role("switch", name="numeric-ids")
    switch.click()
    expect(switch).to_be_checked()
    _create(tab, "With a number")
    expect(_newest(tab)).to_contain_text("With a number")
    assert re.fullmatch(r"\d{15}", gateway.tasks[-1].id)
    switch = tab.get_by_role("switch", name="numeric-ids")
    switch.click()
    expect(switch).not_to_be_checked()
    _create(tab, "Without one")
    expect(_newest(tab)).to_contain_text("Without one")
    assert gateway.tasks[-1].id.startswith("sora-2:task_")


def test_a_task_is_held_and_failed(open_tab: Open, gateway: Sandbox) -> None:
    """Its buttons stop it, let it go on, and end it."""
    tab = open_tab()
    _create(tab, "In our hands")
    task = _newest(tab)
    task.get_by_role("button", name="Hold").click()
    expect(task.locator(".state")).to_contain_text("held")
    gateway.advance(10 * PACE)
    task.get_by_role("button", name="Go on").click()
    expect(task.locator(".state")).not_to_contain_text("held")
    assert gateway.tasks[-1].status == "queued"
    task.get_by_role("button", name="Fail").click()
    expect(task.locator(".state")).to_contain_text("failed by hand")


def test_a_sandbox_that_does_not_answer_is_told(open_tab: Open, complaints: list[str]) -> None:
    """While no answer comes the page says so and keeps what it shows; afterwards it goes on."""
    complaints.append("ERR_FAILED")
    tab = open_tab()
    _create(tab, "Still here")
    expect(_newest(tab)).to_contain_text("Still here")
    expect(tab.locator("html.js")).to_have_count(1)  # its script is there and runs
    tab.route("**/*", lambda route: route.abort())
    expect(tab.get_by_role("alert")).to_contain_text("does not answer")
    expect(_newest(tab)).to_contain_text("Still here")
    tab.unroute("**/*")
    expect(tab.get_by_role("alert")).to_have_count(0)


def test_without_scripts_all_of_it_works(open_tab: Open, gateway: Sandbox) -> None:
    """Where scripts are off, the form creates, the switches switch, and a link reloads."""
    tab, paid = open_tab(java_script_enabled=False), gateway.paid
    _create(tab, "No script at all")
    expect(_newest(tab)).to_contain_text("No script at all")
    expect(_paid(tab)).to_have_text(str(paid + 1))
    gateway.finish(gateway.tasks[-1].id)
    tab.get_by_role("link", name="Reload").click()
    expect(_newest(tab).locator("video")).to_be_visible()
    tab.get_by_role("switch", name="Links expire").click()
    expect(tab.get_by_role("switch", name="Links expire")).to_be_checked()
    assert [fault.kind for fault in gateway.faults] == ["expire"]
    expect(tab.get_by_role("button", name=re.compile("^Copy"))).to_have_count(0)


def test_a_long_request_has_a_page_of_its_own(open_tab: Open, gateway: Sandbox) -> None:
    """A link leads to all of it; there the task goes on as well, and a link leads back."""
    tab = open_tab()
    _create(tab, "word " * 600)
    _newest(tab).get_by_role("link", name="The whole request").click()
    expect(tab.locator(".prompt")).to_have_text(re.compile("^(word ?){600}$"))
    expect(tab.locator(".pill")).to_have_text("queued")
    gateway.finish(gateway.tasks[-1].id)
    expect(tab.locator("video")).to_be_visible()
    tab.get_by_role("link", name="All tasks").click()
    expect(tab.get_by_label("Prompt")).to_be_visible()


def test_a_line_is_copied(open_tab: Open, gateway: Sandbox) -> None:
    """The button puts the very lines into the clipboard, and says so."""
    tab = open_tab(permissions=["clipboard-read", "clipboard-write"])
    _create(tab, "Once more, it's easy")
    task = _newest(tab)
    expect(task).to_contain_text("Once more")
    task.locator("summary", has_text="Make it again").click()
    task.get_by_role("button", name="Copy Command").click()
    expect(tab.get_by_role("status")).to_have_text("Copied")
    copied = tab.evaluate("navigator.clipboard.readText()")
    assert f"export CHAINHUB_BASE_URL={gateway.url}" in copied
    assert copied.endswith("""-- 'Once more, it'"'"'s easy'""")


def test_another_origins_page_creates_nothing(
    open_tab: Open, gateway: Sandbox, complaints: list[str]
) -> None:
    """A form and a script of a page of another port of this machine are refused, and nothing has changed."""
    complaints += ["404 (Not Found)", "403 (Forbidden)"]
    tab, before = open_tab(None), (gateway.paid, gateway.faults)
    tab.goto(f"{gateway.links_url}/")
    send = "([url, name, value]) => fetch(url, {method: 'POST', mode: 'no-cors', body: new URLSearchParams([[name, value]])}).then(() => 0)"  # noqa: E501
    for action, name, value in (("create", "prompt", "x"), ("faults", "preset", "lost")):
        tab.evaluate(send, [f"{gateway.url}/_sandbox/page/{action}", name, value])
    tab.evaluate(
        "url => { const f = document.createElement('form'); f.method = 'post'; f.action = url;"
        " f.enctype = 'multipart/form-data'; document.body.append(f); f.submit(); }",
        f"{gateway.url}/_sandbox/page/create",
    )
    expect(tab.locator("body")).to_contain_text("pages of other origins are not answered")
    assert (gateway.paid, gateway.faults) == before

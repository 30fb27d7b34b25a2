"""Reports in a real browser: wide and narrow, light and dark, nothing fetched, nothing in the way.

Needs Chromium of the system.  Without it the tests are skipped, unless CHAINRULE_BROWSER=required.
"""

import os
import shutil
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest

from chainrule import datasets
from chainrule.errors import MissingFileError

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
FLAGS = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-dev-shm-usage""".split()
SLOW, QUICK = pytest.mark.slow, "--hidden 12 --epochs 12"
FITS = {
    "iris": f"fit iris -t species {QUICK}",
    "wheat": f"fit wheat-seeds -t variety {QUICK}",
    "gaps": f"fit gaps.csv -t body_mass_g --hidden 40,8 {QUICK.split(' ', 2)[2]}",
    "settling": "fit wine -t cultivar --model fixed-point --hidden 6 --epochs 6",
}
REPORTS = ["iris", *(pytest.param(name, marks=SLOW) for name in FITS if name != "iris")]
SIZES = {"wide": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None and os.environ.get("CHAINRULE_BROWSER") != "required":
        pytest.skip("there is no Chromium here: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    assert CHROMIUM is not None, "CHAINRULE_BROWSER=required, but there is no Chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module", params=REPORTS)
def report(request, tmp_path_factory):
    """A report as the command line writes it."""
    from test_report_page import shell

    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "wheat":
        try:
            datasets.load("wheat-seeds")
        except MissingFileError as error:
            pytest.skip(str(error))
    if request.param == "gaps":
        penguins = pl.read_csv(EXAMPLES / "penguins.csv", null_values=["", "NA"])
        penguins = penguins.filter(pl.col("body_mass_g").is_not_null())
        every = pl.int_range(pl.len()) % 17 == 3
        bill = pl.when(~every).then(pl.col("bill_length_mm"))
        penguins.with_columns(bill_length_mm=bill).write_csv(folder / "gaps.csv")
    with pytest.MonkeyPatch.context() as patch:
        code, said = shell(folder, patch, f"{FITS[request.param]} --out run")
    assert code == 0, said
    path = folder / "run" / "report.html"
    assert path.stat().st_size < 3_000_000
    return path


@pytest.mark.parametrize(
    ("size", "theme"),
    [
        *(("wide", "light"), ("phone", "dark")),
        *(pytest.param(*each, marks=SLOW) for each in (("wide", "dark"), ("phone", "light"))),
    ],
)
def test_it_is_readable_and_fetches_nothing(browser, report, size, theme):
    context = browser.new_context(viewport=SIZES[size], color_scheme=theme)
    page, asked, said = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(report.as_uri())
    page.wait_for_load_state("networkidle")
    assert {url for url in asked if not url.startswith("data:")} == {report.as_uri()}
    for details in page.locator("summary").all():
        details.click()
    room = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(room) <= 0
    assert page.locator("h1").bounding_box()["y"] < 200
    assert page.locator(".figures").bounding_box()["y"] < SIZES[size]["height"]
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    lightness = sum(map(int, ground.removeprefix("rgb(").removesuffix(")").split(","))) / 765
    assert (lightness > 0.5) == (theme == "light")
    assert said == []
    context.close()


# how a page is built does not hang on its colours, nor do its colours on how wide it is
@pytest.mark.parametrize(("size", "theme"), [("wide", "light"), ("phone", "dark")])
def test_axe_finds_nothing_serious(browser, report, size, theme):
    context = browser.new_context(viewport=SIZES[size], color_scheme=theme, bypass_csp=True)
    page = context.new_page()
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    page.add_script_tag(content=(files("axe_playwright_python") / "axe.min.js").read_text())
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    assert len(found["passes"]) > 20  # it did look
    serious = [
        (each["id"], each["help"], [node["target"] for node in each["nodes"]][:3])
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == []
    context.close()


def test_on_paper_it_is_light_and_nothing_is_folded_away(browser, report):
    context = browser.new_context(viewport=SIZES["wide"], color_scheme="dark")
    page = context.new_page()
    page.goto(report.as_uri())
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert page.locator("details pre").first.bounding_box()["height"] > 500
    assert page.pdf().startswith(b"%PDF")
    context.close()


def test_the_keyboard_reaches_what_scrolls_and_skips_what_is_known(browser, report):
    context = browser.new_context(viewport=SIZES["phone"])
    page = context.new_page()
    page.goto(report.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the results"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    focused = "document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(focused) == "The command"
    context.close()

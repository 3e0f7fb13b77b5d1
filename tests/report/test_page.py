"""The page: what it says, that it needs nothing, and that it works in a real browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from spikewright.checks import DataError
from spikewright.report import render

GOLDEN = Path(__file__).parents[1] / "golden" / "report" / "page.html"


@pytest.fixture
def page(records) -> str:
    """The page of the made-up records."""
    return render(records)


def without_library(page: str) -> str:
    """Return a page without the plotting library, which changes with its version."""
    return re.sub(r"<script>(?!\s*\"use strict\").*?</script>", "<script>library</script>", page, flags=re.DOTALL)


def test_page_is_the_golden_one(page, tmp_path):
    """The page is what it was when someone last looked at it; the new one is left beside the test for a look."""
    shown = without_library(page)
    (tmp_path / "page.html").write_text(shown)
    assert shown == GOLDEN.read_text(), f"look at {tmp_path / 'page.html'} and, if it is right, copy it to {GOLDEN}"


def test_same_records_same_page(records, page):
    """A page depends on the records and on nothing else."""
    assert render(records) == page


def test_no_records_is_an_error():
    """There is nothing to show."""
    with pytest.raises(DataError, match="there are no records yet; run a comparison first"):
        render([])


def test_page_asks_for_nothing(page):
    """No element names another file or a server."""

    class Links(HTMLParser):
        def __init__(self):
            super().__init__()
            self.found = []

        def handle_starttag(self, tag, attrs):
            self.found += [value for name, value in attrs if name in {"src", "href", "action"} and value]

    parser = Links()
    parser.feed(without_library(page))
    assert all(link.startswith(("#", "data:")) for link in parser.found), parser.found


def test_text_of_records_is_escaped(page):
    """What an error or a card says cannot become part of the page."""
    assert "odd &lt;/script&gt;&lt;b&gt;seeds" in page
    assert "The method &lt;First&gt;" in page
    assert "odd </script>" not in page


def test_every_plot_is_also_a_table(page):
    """Beside each plot stands a table with its values."""
    plots = page.count('<div class="chart"')
    assert plots == 5
    assert page.count("As a table") == plots


def test_findings_by_hand(page):
    """The sentences follow from the records."""
    assert "Most accurate of the spiking networks: First, 97.50 ± 6.35 %" in page  # t(0.975, 1) * 0.0071 / sqrt(2)
    assert "Unbeaten in accuracy and energy at once under horowitz-45nm-fp32: Second and First." in page
    assert "the artificial network of the same shape needs less energy than Third." in page
    assert "Cells failed for Third" in page
    told = "Of 2 energy models, First needs less than the artificial network of its shape under 2, "
    assert f"{told}Second under 2 and Third under 1." in page


def test_training_costs_are_shown(page):
    """The method whose records have them, and what one sample costs it."""
    row = "".join(f"<td>{entry}</td>" for entry in ("First", "4 k", "64 k", "40 k", "68 k", "150", "300", "0", "800"))
    assert f"<tr>{row}<td>864</td><td>3.46 k</td></tr>" in page
    assert page.count("What training costs") == 1


def test_page_of_old_records_shows_no_training(records):
    """Their parts are not known."""
    assert "What training costs" not in render([replace(record, train_cost=None) for record in records])


def test_page_works_in_a_browser(browser, page, tmp_path):
    """It loads from disk without a message or a request, draws its plots and sorts its table."""
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    browser.get(path.as_uri())
    WebDriverWait(browser, 60).until(lambda b: len(b.find_elements(By.CSS_SELECTOR, ".chart svg.marks")) == 4)
    browser.find_element(By.CSS_SELECTOR, "details.folded > summary").click()
    WebDriverWait(browser, 60).until(lambda b: len(b.find_elements(By.CSS_SELECTOR, ".chart svg.marks")) == 5)
    for chart in browser.find_elements(By.CSS_SELECTOR, ".chart svg.marks"):
        assert chart.size["height"] > 100
        assert chart.find_elements(By.CSS_SELECTOR, ".mark-symbol path, .mark-rect path")
    assert browser.get_log("browser") == []
    assert requested(browser, path.as_uri()) == {path.as_uri()}

    def column(number: int) -> list[str]:
        return [cell.text for cell in browser.find_elements(By.CSS_SELECTOR, f".results tbody td:nth-child({number})")]

    assert column(1) == ["First", "Second", "Third"]
    operations = next(
        number
        for number, button in enumerate(browser.find_elements(By.CSS_SELECTOR, ".results th button"), start=1)
        if button.text.startswith("syn. ops")
    )
    button = browser.find_elements(By.CSS_SELECTOR, ".results th button")[operations - 1]
    button.click()
    assert column(1) == ["Third", "First", "Second"]
    button.click()
    assert column(1) == ["Second", "First", "Third"]
    assert (
        browser.find_elements(By.CSS_SELECTOR, ".results th")[operations - 1].get_attribute("aria-sort") == "ascending"
    )


@pytest.mark.parametrize("width", [360, 1200])
def test_page_fits_its_window(browser, page, tmp_path, width):
    """Nothing but a table's own frame scrolls sideways, on a phone as on a desk."""
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    # A window has a least width of its own; the emulated screen has not.
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    browser.get(path.as_uri())
    WebDriverWait(browser, 60).until(lambda b: len(b.find_elements(By.CSS_SELECTOR, ".chart svg.marks")) == 4)
    browser.find_element(By.CSS_SELECTOR, "details.folded > summary").click()
    WebDriverWait(browser, 60).until(lambda b: len(b.find_elements(By.CSS_SELECTOR, ".chart svg.marks")) == 5)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_dark_page_is_dark(browser, page, tmp_path):
    """A reader who prefers dark gets light text on dark, plots included."""
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    )
    browser.get(path.as_uri())
    WebDriverWait(browser, 60).until(lambda b: len(b.find_elements(By.CSS_SELECTOR, ".chart svg.marks")) == 4)
    browser.find_element(By.CSS_SELECTOR, "details.folded > summary").click()
    WebDriverWait(browser, 60).until(lambda b: len(b.find_elements(By.CSS_SELECTOR, ".chart svg.marks")) == 5)
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(15, 19, 24)"
    text = browser.find_element(By.CSS_SELECTOR, ".chart svg.marks .role-axis-label text")
    assert text.get_attribute("fill") in {"#fff", "#ffffff", "white"}


def requested(browser, page: str) -> set[str]:
    """Return the addresses that the browser asked for on behalf of a page, without what the page carries itself."""
    messages = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    sent = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    urls = {request["request"]["url"] for request in sent if request["documentURL"] == page}
    return {url for url in urls if not url.startswith(("data:", "blob:"))}

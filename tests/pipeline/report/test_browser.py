"""The report in a browser: headless Chromium, which the tests are skipped without."""

import io
import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.report import report

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

SCREENS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
}
FLAGS = [
    *("--disable-background-networking", "--disable-component-update", "--disable-gpu", "--disable-quic"),
    *("--disable-sync", "--enable-unsafe-swiftshader", "--no-first-run", "--use-angle=swiftshader", "--use-gl=angle"),
]

HOSTILE = "</script><script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\">\n'\udcff"


@pytest.fixture(scope="module")
def file(converted: Path, model_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the raw data's conversion, and a rejected sample whose names are HTML."""
    folder = shutil.copytree(converted / "threedface/coarse/1.0.0", tmp_path_factory.mktemp("report") / "1.0.0")
    reject = dict.fromkeys(("key", "file", "stage", "reason", "detail"), HOSTILE)
    (folder / "rejected.jsonl").write_text(json.dumps(reject) + "\n")
    report(folder, model_cache)
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS, chromium_sandbox=False)
        yield browser
        browser.close()


def opened(browser: Any, file: Path, script: str = "", **options: Any) -> tuple[Any, list[str]]:
    """The page, and its problems: errors in the console, others, and requests for anything but the file."""
    page = browser.new_page(**options)
    problems: list[str] = []
    page.on("console", lambda message: problems.extend([message.text] if message.type == "error" else []))
    page.on("pageerror", lambda error: problems.append(str(error)))
    own = (file.as_uri(), "data:")
    page.on("request", lambda request: problems.extend([] if request.url.startswith(own) else [request.url]))
    page.add_init_script(script)
    page.goto(file.as_uri())
    return page, problems


def pixels(element: Any) -> np.ndarray:
    """What an element looks like, (rows, columns, 3) int."""
    element.page.wait_for_timeout(100)  # for the next frame
    return np.asarray(Image.open(io.BytesIO(element.screenshot())).convert("RGB")).astype(int)


def drag(page: Any, canvas: Any, right: int, touch: bool) -> None:
    """Drags the middle of the canvas to the right, with the mouse or a finger."""
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    if not touch:
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + right, y, steps=4)
        page.mouse.up()
        return
    session = page.context.new_cdp_session(page)
    for kind, at in [("Start", x), *(("Move", x + right * part / 4) for part in range(1, 5)), ("End", None)]:
        points = [] if at is None else [{"x": at, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})


def share_changed(before: np.ndarray, after: np.ndarray) -> float:
    return float((np.abs(before - after).max(axis=2) > 20).mean())


@pytest.mark.parametrize(("screen", "scheme"), itertools.product(SCREENS, ("light", "dark")))
def test_the_page(browser: Any, file: Path, screen: str, scheme: str) -> None:
    page, problems = opened(browser, file, color_scheme=scheme, **SCREENS[screen])
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS[screen]["viewport"]["width"]
    canvas = page.locator("canvas")
    picture = pixels(canvas)
    corner, middle = picture[5, 5], picture[100:-100, 100:-100]
    assert (corner > 240).all() if scheme == "light" else (corner < 60).all()
    assert middle.std() > 10 and (np.abs(middle - corner).max(axis=2) > 30).mean() > 0.6
    drag(page, canvas, 80, screen == "phone")
    turned = pixels(canvas)
    assert share_changed(picture, turned) > 0.05
    page.get_by_text("As in the picture").click()
    assert share_changed(picture, pixels(canvas)) < 0.001
    page.locator("[data-face]").nth(1).click()
    assert share_changed(picture, pixels(canvas)) > 0.05
    page.locator("canvas").press("ArrowLeft")
    colours = page.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
    ink, back = (np.array(colour.strip("rgb()").split(","), float).mean() for colour in colours)
    assert (ink < 80 and back > 230) if scheme == "light" else (ink > 200 and back < 40)
    assert problems == []
    page.close()


def test_names_are_text(browser: Any, file: Path) -> None:
    page, problems = opened(browser, file)
    assert page.title() == "threedface/coarse 1.0.0"
    cell = page.locator("#rejected .words td").first.text_content()
    assert cell == HOSTILE.replace("\udcff", "\\udcff")
    assert problems == []
    page.close()


def test_without_webgl(browser: Any, file: Path) -> None:
    page, problems = opened(browser, file, "HTMLCanvasElement.prototype.getContext = () => null")
    assert page.get_by_text("a browser must have WebGL").is_visible()
    assert not page.locator("canvas").is_visible() and not page.get_by_text("From the front").is_visible()
    assert problems == []
    page.close()


def test_a_script_from_elsewhere_does_not_run(browser: Any, file: Path, tmp_path: Path) -> None:
    """The second line of defence, should a name not be escaped."""
    other = tmp_path / "other.html"
    other.write_bytes(file.read_bytes().replace(b"<footer>", b"<script>document.title = 'run'</script><footer>"))
    page, problems = opened(browser, other)
    assert page.title() == "threedface/coarse 1.0.0"
    assert len(problems) == 1 and "Content Security Policy" in problems[0]
    page.close()

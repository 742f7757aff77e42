"""A real browser without a window: Debian's Chromium, driven by Selenium."""

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.needed import missing

OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
MISSING = "there is no Chromium with its driver: install them (Debian: apt install chromium chromium-driver)"


def require_browser() -> tuple[str, str]:
    """Return the paths of the browser and of its driver; skip the test without them, and fail where it must run."""
    found = shutil.which("chromium"), shutil.which("chromedriver")
    if None in found:
        missing(MISSING)
    return str(found[0]), str(found[1])


class Browser:
    """One tab."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def show(self, address: str, width: int = 1280, scheme: str = "light", media: str = "") -> None:
        """Open a page in a window of `width` pixels, for a system that is light or dark."""
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.command("Emulation.setEmulatedMedia", media=media, features=[feature])
        self.driver.get(address)

    def command(self, name: str, **arguments: Any) -> Any:
        """Give the browser a command of its protocol for developers."""
        return self.driver.execute_cdp_cmd(name, arguments)

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script returns in the page."""
        return self.driver.execute_script(script, *arguments)

    def errors(self) -> list[str]:
        """Return what the page wrote to the console since the last call, refused loads among it."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def pdf(self) -> bytes:
        """Return the page as printed."""
        return base64.b64decode(self.command("Page.printToPDF", printBackground=False)["data"])


@contextmanager
def open_browser(profile: Path) -> Iterator[Browser]:
    """Yield a browser with a new profile in this folder; it has ended behind the block."""
    program, driver = require_browser()
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = program
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield Browser(opened)
    finally:
        opened.quit()

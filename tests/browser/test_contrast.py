"""Text can be read and controls be seen on every surface, in both schemes: WCAG 2.2 AA."""

from __future__ import annotations

from itertools import product

import pytest
from playwright.sync_api import Browser

from tests.site import Site

SURFACES = ("paper", "paper-sunken", "paper-raised", "paper-hover", "paper-pressed")
TEXT = [
    *product(("ink", "ink-soft", "ink-faint"), SURFACES),
    *product(("ink", "ink-soft", "accent"), ("accent-soft",)),
    *product(("accent",), SURFACES),
    *product(("accent-ink",), ("accent", "accent-strong")),
    *product(("danger",), ("danger-soft", *SURFACES[:4])),
    *product(("warn",), ("warn-soft", *SURFACES[:3])),
    ("danger-ink", "danger"),
    ("ink", "selection"),
]
SEEN = list(product(("line-strong", "focus", "accent"), SURFACES[:3]))

#: Ratios of pairs of our colours as the browser paints them.
RATIOS = """pairs => {
  const brush = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const probe = document.body.appendChild(document.createElement("i"));
  const luminance = (name) => {
    probe.style.color = `var(--${name})`;
    brush.fillStyle = getComputedStyle(probe).color;
    brush.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...brush.getImageData(0, 0, 1, 1).data].map((value) => value / 255)
      .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return pairs.map((names) => {
    const [dark, light] = names.map(luminance).sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_stand_out_from_what_they_lie_on(browser: Browser, site: Site, scheme: str) -> None:
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type] # a literal
    page.goto(site.url + "/accounts/login/")
    for least, pairs in ((4.5, TEXT), (3.0, SEEN)):
        ratios = page.evaluate(RATIOS, pairs)
        assert len(ratios) == len(pairs)
        faint = {pair: round(r, 2) for pair, r in zip(pairs, ratios, strict=True) if r < least}
        assert not faint
    page.close()

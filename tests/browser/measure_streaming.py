"""How smooth a streamed answer is: ``python -m tests.browser.measure_streaming [characters]``.

Mixed Markdown at 1,000 tokens a second through a real page, with the CPU as it is and a quarter
as fast. Prints the 95th percentile of the time between frames, tasks over 50 ms, and the seconds
that script and layout took.
"""

from __future__ import annotations

import random
import sys
import time
from typing import Any

from .chat_api import Message
from .chat_page import ChatPage, chat_page, thread
from .markdown_page import chromium

TOKENS_PER_SECOND = 1_000
CHARACTERS_PER_TOKEN = 4
WATCH = """() => {
    const seen = window.seen = {frames: [], long: [], done: 0};
    let last = performance.now();
    const look = (now) => {
        seen.frames.push(now - last);
        last = now;
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    new PerformanceObserver((list) => seen.long.push(...list.getEntries().map((e) => e.duration)))
        .observe({type: "longtask"});
    document.body.addEventListener("answer-ended", () => seen.done = performance.now());
}"""


def mixed_markdown(length: int, seed: int = 1) -> str:
    """Prose, lists, tables and code, as a model writes them."""
    dice = random.Random(seed)

    def words(count: int) -> str:
        some = ["the", "log", "`cursor`", "**is**", "append", "*only*", "[doc](https://d.example)"]
        return " ".join(dice.choice(some) for _ in range(count))

    def block() -> str:
        kind = dice.randrange(7)
        if kind == 0:
            return f"## {words(4)}"
        if kind == 1:
            return "\n".join(f"- {words(9)}" for _ in range(dice.randint(3, 12)))
        if kind == 2:
            rows = "\n".join(f"| {words(2)} | {words(3)} |" for _ in range(dice.randint(3, 10)))
            return f"| one | two |\n|---|---|\n{rows}"
        if kind == 3:
            lines = "\n".join(f"    return {n} + cursor" for n in range(dice.randint(5, 40)))
            return f"```python\ndef follow():\n{lines}\n```"
        return words(dice.randint(20, 120))

    text = ""
    while len(text) < length:
        text += block() + "\n\n"
    return text[:length]


def stream(message: Message, text: str) -> None:
    """At the pace of a very fast model, in the small groups that a socket would give."""
    start = time.monotonic()
    shown = 0
    while shown < len(text):
        due = int((time.monotonic() - start) * TOKENS_PER_SECOND) * CHARACTERS_PER_TOKEN
        if due > shown:
            message.say(text[shown:due])
            shown = due
        time.sleep(0.004)
    message.end()


def measure(chat: ChatPage, text: str, slower: int) -> str:
    devtools = chat.page.context.new_cdp_session(chat.page)
    devtools.send("Performance.enable")

    def metrics() -> dict[str, float]:
        pairs: list[dict[str, Any]] = devtools.send("Performance.getMetrics")["metrics"]
        return {pair["name"]: pair["value"] for pair in pairs}

    chat.page.evaluate(WATCH)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    before = metrics()
    chat.ask("Go")
    stream(chat.api.asked(), text)
    chat.until("seen.done && performance.now() - seen.done > 300")
    after = metrics()
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    spent = {name: after[name] - before[name] for name in after}
    frames = sorted(chat.page.evaluate("seen.frames"))
    long = chat.page.evaluate("seen.long")
    assert chat.page.evaluate("document.querySelector('live-answer').text") == text
    return (
        f"{len(text):>7} characters, CPU / {slower}: frames {len(frames)},"
        f" p50 {frames[len(frames) // 2]:.1f} p95 {frames[int(len(frames) * 0.95)]:.1f}"
        f" max {frames[-1]:.0f} ms,"
        f" tasks over 50 ms: {len(long)} (longest {max(long, default=0):.0f}),"
        f" script {spent['ScriptDuration']:.2f} s, layout {spent['LayoutDuration']:.2f} s,"
        f" style {spent['RecalcStyleDuration']:.2f} s, all tasks {spent['TaskDuration']:.2f} s"
    )


def main() -> None:
    lengths = [int(length) for length in sys.argv[1:]] or [30_000]
    with chromium() as browser:
        for length in lengths:
            for slower in (1, 4):
                with chat_page(browser, thread()) as chat:
                    print(measure(chat, mixed_markdown(length), slower), flush=True)


if __name__ == "__main__":
    main()

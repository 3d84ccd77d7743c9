"""P3 and P13 for a crowd that comes back within one second: all get exactly the rest.

``make torture`` does it with a thousand and tells how long it took them.
"""

from __future__ import annotations

from tests.simulator import Script, Simulator

from .crowd import come_back
from .deployment import SHAPES, deployed

CROWD = 200
#: For each: whose token it is, whose message, and what is behind the cursor (2 is the goal); and a
#: few that the server makes for itself meanwhile.
QUERIES = 4.2


async def test_all_of_them_get_the_rest(simulator: Simulator) -> None:
    script = Script(id="a crowd", tokens=60, tps=60)
    async with deployed(SHAPES["sqlite"], simulator, plant="queries") as deployment:
        back = await come_back(deployment, script, CROWD)
    times = sorted(back.times)
    print(
        f"{CROWD} within a second: p50 {times[CROWD // 2]:.2f} s,"
        f" p99 {times[CROWD * 99 // 100]:.2f} s, {back.queries / CROWD:.2f} queries each"
    )
    assert back.is_exact
    assert back.queries <= QUERIES * CROWD

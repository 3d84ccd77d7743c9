"""What is counted, is counted for all nodes together; what is too much is said in words."""

from __future__ import annotations

import http.cookiejar
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest

from tests.client import Client
from tests.services import Postgres, database_name
from tests.site import ROOT, Site

from .cluster import Cluster, Crowd

DOCUMENTED = re.compile(r"opens at most (\d+) .*a worker (\d+)\.")


class Browser:
    """Asks for a password reset by the form."""

    def __init__(self, url: str) -> None:
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)
        self._url = f"{url}/accounts/password/reset/"

    def _ask(self, form: dict[str, str] | None = None) -> str:
        body = urlencode(form).encode() if form else None
        # All nodes have one name, as behind a proxy.
        request = urllib.request.Request(self._url, body, {"Host": "localhost"})  # noqa: S310
        with self._opener.open(request) as page:
            return str(page.read().decode())

    def tries(self, email: str) -> int:
        """The status of the answer."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self._ask())
        assert token is not None
        try:
            self._ask({"csrfmiddlewaretoken": token[1], "email": email})
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        return 200


def test_it_counts_for_all_nodes_together(on_postgres: Cluster) -> None:
    browsers = [Browser(web.url) for web in on_postgres.webs]
    statuses = [browsers[number % 2].tries("nobody@example.com") for number in range(6)]
    assert statuses == [200] * 5 + [429]


def test_it_opens_no_more_connections_than_the_docs_say(on_postgres: Cluster) -> None:
    nodes = on_postgres.person()

    def look_around(number: int) -> int:
        return nodes[number % 2].call("GET", "/api/v1/conversations").status

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(look_around, range(80))) == {200}
    url = on_postgres.webs[0].environment["DATABASE_URL"]
    with psycopg.connect(url) as line:
        found = line.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert found is not None
    docs = (ROOT / "docs" / "operations.md").read_text()
    a_web, a_worker = map(int, DOCUMENTED.findall(docs)[0])
    assert found[0] <= len(on_postgres.webs) * a_web + len(on_postgres.workers) * a_worker


@pytest.fixture
def crowded(
    postgres: Postgres, own_database: tuple[str, Crowd], tmp_path: Path
) -> Iterator[tuple[Site, Client, str]]:
    """A site, a person, and the name of the role that the site connects as."""
    url, crowd = own_database
    role = database_name(url)
    postgres.execute("CREATE ROLE {} LOGIN", role)
    postgres.execute("GRANT pg_read_all_data, pg_write_all_data TO {}", role)
    site = Site(tmp_path, {"DATABASE_URL": url.replace("//unbroken@", f"//{role}@")})
    try:
        site.start()
        yield site, Client(site.url, crowd[0][1]), role
    finally:
        site.kill()
        postgres.execute("DROP ROLE {}", role)


def test_it_answers_503_when_no_connection_is_left(
    crowded: tuple[Site, Client, str], postgres: Postgres
) -> None:
    site, alice, role = crowded
    assert alice.call("GET", "/readyz").status == 200
    postgres.execute("ALTER ROLE {} CONNECTION LIMIT 0", role)
    said = len(site.errors)
    # The thread that answered has a connection; others need one.
    answers = [alice.call("GET", "/api/v1/conversations") for _ in range(4)]
    answer = next(answer for answer in answers if answer.status != 200)
    assert answer.status == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert alice.call("GET", "/healthz").status == 200
    assert not re.search("Traceback|ERROR", "".join(site.errors[said:]))
    postgres.execute("ALTER ROLE {} CONNECTION LIMIT -1", role)
    assert alice.call("GET", "/api/v1/conversations").status == 200

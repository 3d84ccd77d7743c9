"""The services of the suite are what they say they are: real, fresh, and gone afterwards."""

from __future__ import annotations

import psycopg

from tests.services import Postgres, Redis, database_name


def test_it_gives_every_test_an_empty_database(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert found.fetchone() == (0,)
        connection.execute("CREATE TABLE mine (id int)")


def test_it_copies_a_database(postgres: Postgres, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE mine (id int)")
    like = database_name(database_url)
    with postgres.database(like) as copy, psycopg.connect(copy) as connection:
        assert connection.execute("SELECT count(*) FROM mine").fetchone() == (0,)


def test_it_starts_again_after_a_crash() -> None:
    own = Redis()
    try:
        own.start()
        own.kill()
        assert not own.answers()
        own.start()
        assert own.answers()
    finally:
        own.close()
    assert not own.directory.exists()

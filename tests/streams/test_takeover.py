"""What nobody runs is claimed to be run to its end, or ends where that is right."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from streaming import generations, lease
from streaming.accounts import Timings, Usage
from streaming.closing import close, keep
from streaming.events import Delta, Done, Event, Failed, PartOpened, Started, Stopped, dumps
from streaming.fold import fold
from streaming.log.base import Batch, Claim, Entry
from streaming.log.rows import insert, rows_of
from streaming.models import Generation
from streaming.parts import Part
from streaming.patience import MAX_LOSSES
from streaming.prompt import Prompt, Turn
from streaming.takeover import Taken, take
from tests.log.contract import new_key

pytestmark = pytest.mark.django_db

HERE, THERE = "here:1:a", "there:2:b"
PROMPT = Prompt("demo/tour", (Turn("user", (Part("text", "x" * 40),)),))
SAID: list[Event] = [PartOpened(0, Part("text")), Delta(0, "Once upon a time")]


def begun(prompt: Prompt = PROMPT, said: list[Event] = SAID, owner: str = THERE) -> Generation:
    """One that another process runs and has said something of."""
    one = generations.begin(new_key(), prompt, {"message_id": "m"}, owner)
    if one.claim is not None:
        write(one.claim, said)
    return one.generation


def write(claim: Claim, events: list[Event]) -> None:
    insert(rows_of(claim, [Entry.of(claim.seq + n, event) for n, event in enumerate(events, 1)]))


def orphaned(generation: Generation, **fields: object) -> Generation:
    late = Now() - timedelta(seconds=1)
    Generation.objects.filter(pk=generation.pk).update(lease_until=late, **fields)
    return generation


def state(generation: Generation) -> tuple[str, str]:
    generation.refresh_from_db()
    return generation.state, generation.outcome


def test_one_that_somebody_runs_is_left_alone() -> None:
    assert take(begun().pk, HERE, goes_on=True) is None


def test_an_orphan_goes_on_behind_what_it_said() -> None:
    generation = orphaned(begun())
    taken = take(generation.pk, HERE, goes_on=True)
    assert taken is not None
    assert taken.opening == [Started("demo/tour", 2, {"message_id": "m"})]
    assert taken.earlier.parts == (Part("text", "Once upon a time"),)
    assert (taken.earlier.attempt, taken.earlier.losses, taken.earlier.resume) == (2, 1, "")
    assert taken.earlier.usage == Usage(10, 4, exact=False)
    assert (taken.claim.epoch, taken.claim.seq) == (2, 3)
    generation.refresh_from_db()
    assert (generation.lease_owner, generation.attempt, generation.losses) == (HERE, 2, 1)


def test_one_in_the_queue_begins() -> None:
    generation = begun(owner="")
    taken = take(generation.pk, HERE, goes_on=False)
    assert taken is not None
    assert taken.opening == [Started("demo/tour", 1, {"message_id": "m"})]
    assert (taken.earlier.attempt, taken.earlier.losses) == (1, 0)


def test_one_that_was_claimed_and_never_begun_begins() -> None:
    prompt = Prompt("demo/tour", PROMPT.turns, partial=(Part("text", "carried over"),))
    generation = begun(prompt, owner="")
    assert lease.claim(generation.pk, THERE) is not None
    taken = take(orphaned(generation).pk, HERE, goes_on=True)
    assert taken is not None
    assert [event.name for event in taken.opening] == ["started", "part"]
    assert taken.earlier.parts == prompt.partial


def test_what_was_carried_over_is_no_token_of_ours() -> None:
    prompt = Prompt("demo/tour", PROMPT.turns, partial=(Part("text", "y" * 40),))
    taken = take(orphaned(begun(prompt, [Delta(0, "z" * 4)])).pk, HERE, goes_on=True)
    assert taken is not None
    assert taken.earlier.usage == Usage(20, 1, exact=False)


def cursor(run: int) -> str:
    """One of a call that was made in this run."""
    return dumps({"cursor": "c1", "parts": [0], "run": run})


def test_the_provider_s_cursor_comes_along_and_its_call_is_not_counted() -> None:
    taken = take(orphaned(begun(), provider_cursor=cursor(1)).pk, HERE, goes_on=True)
    assert taken is not None
    assert (taken.earlier.resume, taken.earlier.usage) == (cursor(1), None)
    assert taken.earlier.characters == len("Once upon a time")


#: Three runs: of 16, 4 and 8 characters.
RUNS: list[Event] = [
    *SAID,
    *(Started("demo/tour", 2), Delta(0, " so,")),
    *(Started("demo/tour", 3), Delta(0, " and so.")),
]


@pytest.mark.parametrize(
    ("run", "usage", "characters"),
    [
        (1, None, 28),
        (2, Usage(10, 4, exact=False), 12),
        (3, Usage(10 + 14, 4 + 1, exact=False), 8),
        (0, Usage(10 + 14, 4 + 1, exact=False), 8),  # kept by an older version
    ],
)
def test_a_call_that_was_resumed_in_other_runs_is_one_call(
    run: int, usage: Usage | None, characters: int
) -> None:
    generation = orphaned(begun(said=RUNS), provider_cursor=cursor(run), attempt=3)
    taken = take(generation.pk, HERE, goes_on=True)
    assert taken is not None
    assert (taken.earlier.usage, taken.earlier.characters) == (usage, characters)


def test_it_is_one_call_in_the_account_of_a_stop_too() -> None:
    generation = begun(said=RUNS)
    orphaned(generation, provider_cursor=cursor(1), attempt=3, stop_receipt=uuid.uuid4())
    assert take(generation.pk, HERE, goes_on=True) is None
    *_, last = generations.story(generation.pk)
    assert isinstance(last.event, Stopped)
    assert last.event.usage == Usage(10, 7, exact=False)


def test_a_call_that_nobody_wrote_down_is_estimated() -> None:
    """Its process died behind its claim, and before its first commit."""
    generation = begun(owner="")
    assert lease.claim(generation.pk, THERE) is not None
    taken = take(orphaned(generation).pk, HERE, goes_on=True)
    assert taken is not None
    assert taken.earlier.usage == Usage(10, 0, exact=False)
    assert take(orphaned(generation, stop_receipt=uuid.uuid4()).pk, THERE, goes_on=True) is None
    generation.refresh_from_db()
    assert (generation.input_tokens, generation.usage_exact) == (20, False)


def test_a_run_that_nobody_wrote_down_is_estimated_behind_what_there_was() -> None:
    taken = take(orphaned(begun(), attempt=2).pk, HERE, goes_on=True)
    assert taken is not None
    assert taken.earlier.usage == Usage(10 + 14, 4, exact=False)


@pytest.mark.parametrize(("counted", "losses"), [(1, 2), (2, 1)])
def test_two_runs_that_begin_in_one_commit_are_two_losses(counted: int, losses: int) -> None:
    one = generations.begin(new_key(), PROMPT, {}, THERE)
    assert one.claim is not None
    Generation.objects.filter(pk=one.generation.pk).update(attempt=counted)
    batch = Batch(one.claim)
    batch.add([Started("demo/tour", 2), Delta(0, "x"), Started("demo/tour", 3)])
    batch.number()
    keep(batch)
    one.generation.refresh_from_db()
    assert (one.generation.attempt, one.generation.losses) == (3, losses)


@pytest.mark.parametrize("reason", ["a\0b", "x" * 300])
def test_a_provider_s_words_are_kept_as_far_as_a_column_can(reason: str) -> None:
    one = generations.begin(new_key(), PROMPT, {}, THERE)
    assert one.claim is not None
    close(one.claim, Entry.of(2, Done(reason, Usage(), Timings())), [])
    assert state(one.generation) == ("done", reason.replace("\0", "")[:100])


def test_a_provider_s_error_is_kept_without_what_no_column_takes() -> None:
    one = generations.begin(new_key(), PROMPT, {}, THERE)
    assert one.claim is not None
    close(one.claim, Entry.of(2, Failed("bad\0", "No\0.", False, Timings())), [])
    assert state(one.generation) == ("failed", "bad")
    assert one.generation.error_message == "No."


def test_one_that_was_asked_to_stop_is_stopped() -> None:
    generation = orphaned(begun(), stop_receipt=uuid.uuid4())
    assert take(generation.pk, HERE, goes_on=True) is None
    assert state(generation) == ("stopped", "stopped")
    *_, last = generations.story(generation.pk)
    assert isinstance(last.event, Stopped)
    assert last.event.usage == Usage(10, 4, exact=False)


@pytest.mark.parametrize(("losses", "ends"), [(MAX_LOSSES - 2, False), (MAX_LOSSES - 1, True)])
def test_three_losses_are_enough(losses: int, ends: bool) -> None:
    generation = orphaned(begun(), losses=losses)
    assert (take(generation.pk, HERE, goes_on=True) is None) == ends
    assert state(generation) == (("incomplete", "interrupted") if ends else ("running", ""))


def test_one_that_never_said_a_word_fails_when_it_was_lost_too_often() -> None:
    generation = orphaned(begun(said=[]), losses=MAX_LOSSES)
    assert take(generation.pk, HERE, goes_on=True) is None
    assert state(generation) == ("failed", "interrupted")


def test_a_person_is_asked_where_that_is_wanted() -> None:
    generation = orphaned(begun())
    assert take(generation.pk, HERE, goes_on=False) is None
    assert state(generation) == ("incomplete", "interrupted")


def test_a_refusal_is_not_gone_on_with() -> None:
    said: list[Event] = [PartOpened(0, Part("refusal")), Delta(0, "I will not")]
    generation = orphaned(begun(said=said))
    assert take(generation.pk, HERE, goes_on=True) is None
    assert state(generation) == ("incomplete", "interrupted")


def released(generation: Generation) -> Taken:
    generation.refresh_from_db()
    claim = Claim(generation.pk, generation.key, generation.epoch)
    lease.release([claim], generation.lease_owner)
    taken = take(generation.pk, HERE, goes_on=True)
    assert taken is not None
    return taken


def test_a_hand_over_is_no_loss_however_often() -> None:
    """A rolling deployment of many workers hands one answer on and on."""
    generation = begun()
    for attempt in range(2, 9):
        taken = released(generation)
        assert (taken.earlier.attempt, taken.earlier.losses) == (attempt, 0)


def test_who_does_not_hold_it_hands_nothing_over() -> None:
    generation = begun()
    lease.release([Claim(generation.pk, generation.key, 1)], HERE)
    lease.release([Claim(generation.pk, generation.key, 0)], THERE)
    assert take(generation.pk, HERE, goes_on=True) is None


def test_the_log_says_what_it_said_after_any_of_it() -> None:
    generation = orphaned(begun())
    before = fold(entry.event for entry in generations.story(generation.pk)).parts
    take(generation.pk, HERE, goes_on=True)
    take(orphaned(generation, stop_receipt=uuid.uuid4()).pk, THERE, goes_on=True)
    assert fold(entry.event for entry in generations.story(generation.pk)).parts == before

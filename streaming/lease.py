"""Leases: who works on a generation, until when, by the database's clock."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, F, Max, PositiveSmallIntegerField, Q, QuerySet, When
from django.db.models.functions import Coalesce, Now
from uuid_utils.compat import uuid7

from .bells import bell
from .bells.base import News
from .log.base import Claim
from .models import Generation

#: How long a silent owner keeps what it claimed, and how often a living one says that it lives.
#: An answer whose process was killed is to go on within 5 s: 3 s until its lease is out, half a
#: second until somebody looks, and the rest for the provider. Three renewals may fail in a row
#: (2.25 s: a slow disk, a locked database) before a living owner loses anything.
LEASE = timedelta(seconds=3)
RENEW_EVERY_S = 0.75
#: What is left of a lease that was not renewed although it was due twice.
LATE = LEASE - timedelta(seconds=2 * RENEW_EVERY_S)
#: A storage that keeps us waiting for so long keeps others from renewing, too.
STALL_S = 0.5


class Stalled(Exception):
    """The storage could be read, but hardly be written: who is late may well live."""


@contextmanager
def unhindered() -> Iterator[Callable[[], None]]:
    """A transaction that had not to wait: else it is undone, and :class:`Stalled` raised. What it
    gives looks once more."""
    began = time.monotonic()

    def check() -> None:
        if (waited := time.monotonic() - began) > STALL_S:
            raise Stalled(f"a write waited for {waited:.1f} s")

    with transaction.atomic():
        check()
        yield check


def node_name() -> str:
    """A name no other process has, now or later: ``host:pid:random``."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid7().hex[-8:]}"


def claim(generation_id: int, owner: str) -> Claim | None:
    """Take a waiting or abandoned generation; ``None`` when it is taken, ended or gone.

    An owner whose lease ran out has lost a run of it; one that released it has not.
    """
    free = Q(lease_until=None) | Q(lease_until__lte=Now())
    rows = Generation.objects.filter(free, pk=generation_id, state__in=Generation.LIVE)
    if connection.features.has_select_for_update_skip_locked:
        # One that somebody else is about to take is not worth waiting for.
        unlocked = rows.select_for_update(skip_locked=True).values("pk")
        rows = Generation.objects.filter(pk__in=unlocked)
    with transaction.atomic(savepoint=False):
        taken = rows.update(
            state=Generation.State.RUNNING,
            epoch=F("epoch") + 1,
            attempt=F("attempt") + 1,
            losses=Case(
                When(lease_owner="", then=F("losses")),
                default=F("losses") + 1,
                output_field=PositiveSmallIntegerField(),
            ),
            lease_owner=owner,
            lease_until=Now() + LEASE,
            started_at=Coalesce("started_at", Now()),
        )
        return current_claim(generation_id) if taken else None


def release(claims: Collection[Claim], owner: str) -> None:
    """Hand them over in one breath: other processes may go on with them at once."""
    epochs = {claim.generation_id: claim.epoch for claim in claims}
    running = Generation.objects.filter(state=Generation.State.RUNNING, lease_owner=owner)
    with transaction.atomic():
        held = running.select_for_update().order_by("pk").filter(pk__in=epochs)
        ours = [pk for pk, epoch in held.values_list("pk", "epoch") if epochs[pk] == epoch]
        if ours and running.filter(pk__in=ours).update(lease_owner="", lease_until=Now()):
            bell().ring(News(work=True))


def current_claim(generation_id: int) -> Claim:
    """The claim as it stands. Only for who just made it, in the same transaction."""
    last = Max("entries__seq")
    key, epoch, seq = Generation.objects.values_list("key", "epoch", last).get(pk=generation_id)
    return Claim(generation_id, key, epoch, seq or 0)


def renew(claims: Collection[Claim], owner: str) -> tuple[set[int], dict[int, UUID]]:
    """Extend the leases; tell which generations are still ours, and which were asked to stop."""
    ids = [claim.generation_id for claim in claims]
    ours = Generation.objects.filter(pk__in=ids, lease_owner=owner, state=Generation.State.RUNNING)
    with transaction.atomic():
        ours.update(lease_until=Now() + LEASE)
        rows = dict(ours.values_list("pk", "stop_receipt"))
    return set(rows), {pk: receipt for pk, receipt in rows.items() if receipt is not None}


def waiting() -> QuerySet[Generation]:
    """Queued generations that nobody holds, the oldest first."""
    return Generation.objects.filter(state=Generation.State.QUEUED, lease_until=None).order_by("id")


@dataclass(frozen=True, slots=True)
class Late:
    """A generation whose owner is silent, or handed it over."""

    pk: int
    #: Empty when it was handed over.
    owner: str
    until: datetime
    #: Whether its lease has run out.
    is_out: bool


def late() -> list[Late]:
    """The oldest first."""
    rows = Generation.objects.filter(state__in=Generation.LIVE, lease_until__lte=Now() + LATE)
    seen = rows.order_by("id").values_list("pk", "lease_owner", "lease_until", Now())
    return [Late(pk, owner, until, until <= now) for pk, owner, until, now in seen]


def knock(ids: Collection[int]) -> None:
    """Write where their owners would, and change nothing. Raises :class:`Stalled`."""
    with unhindered() as check:
        Generation.objects.filter(pk__in=ids).update(epoch=F("epoch"))
        check()


def settled(before: datetime) -> QuerySet[Generation]:
    """Generations that ended before this time, whose logs still have every entry."""
    return Generation.objects.filter(compacted=False, ended_at__lt=before).order_by("ended_at")


def free_the_dead(owner: str) -> tuple[int, int]:
    """Release what processes of this host held that are gone. How much that was, and of how much
    it is too early to tell.

    A restart need not wait for its predecessor's leases. But that no such process is to be seen
    proves little: a container has processes of its own and may share the host's name. So none is
    released that was not late. A process id that somebody else has got since is left to run out
    by the clock. Raises :class:`Stalled`.
    """
    host, pid, _ = owner.split(":")
    held = Generation.objects.filter(
        state__in=Generation.LIVE, lease_owner__startswith=f"{host}:"
    ).exclude(lease_owner=owner)
    owners = held.values_list("lease_owner", flat=True).distinct().order_by()
    gone = [name for name in owners if name.split(":")[1] == pid or not _alive(name.split(":")[1])]
    if not gone:
        return 0, 0
    with unhindered() as check:
        left = held.filter(lease_owner__in=gone, lease_until__lte=Now() + LATE)
        freed = left.update(lease_owner="", lease_until=Now(), losses=F("losses") + 1)
        check()
    return freed, held.filter(lease_owner__in=gone).count()


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

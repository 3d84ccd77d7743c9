"""Leases: who works on a generation, until when, by the database's clock."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, F, Max, PositiveSmallIntegerField, Q, QuerySet, When
from django.db.models.functions import Coalesce, Now
from uuid_utils.compat import uuid7

from .bells import bell
from .bells.base import News
from .log.base import Claim
from .models import Generation, LogEntry

#: How long a silent owner keeps what it claimed, and how often a living one says that it lives.
#: An answer whose process was killed is to go on within 5 s: 3 s until its lease is out, half a
#: second until somebody looks, and the rest for the provider. Three renewals may fail in a row
#: (2.25 s: a slow disk, a locked database) before a living owner loses anything.
LEASE = timedelta(seconds=3)
RENEW_EVERY_S = 0.75


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
    with transaction.atomic():
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


def release(claim: Claim, owner: str) -> None:
    """Hand it over: another process may go on with it at once."""
    with transaction.atomic():
        ours = Generation.objects.filter(
            pk=claim.generation_id,
            epoch=claim.epoch,
            lease_owner=owner,
            state=Generation.State.RUNNING,
        )
        if ours.update(lease_owner="", lease_until=Now()):
            bell().ring(News(work=True))


def current_claim(generation_id: int) -> Claim:
    """The claim as it stands. Only for who just made it, in the same transaction."""
    generation = Generation.objects.only("key", "epoch").get(pk=generation_id)
    last = LogEntry.objects.filter(generation_id=generation_id).aggregate(seq=Max("seq"))["seq"]
    return Claim(generation_id, generation.key, generation.epoch, last or 0)


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


def orphans() -> QuerySet[Generation]:
    """Generations whose owner stopped saying that it lives, or handed them over."""
    left = Generation.objects.filter(state__in=Generation.LIVE, lease_until__lte=Now())
    return left.order_by("id")


def settled(before: datetime) -> QuerySet[Generation]:
    """Generations that ended before this time, whose logs still have every entry."""
    return Generation.objects.filter(compacted=False, ended_at__lt=before).order_by("ended_at")


def free_the_dead(owner: str) -> int:
    """End the leases of processes of this host that are gone. Returns how many it ended.

    A restart need not wait for its predecessor's leases. A process id that somebody else has
    got since is left to run out by the clock.
    """
    host, pid, _ = owner.split(":")
    owners = (
        Generation.objects.filter(state__in=Generation.LIVE, lease_owner__startswith=f"{host}:")
        .exclude(lease_owner=owner)
        .values_list("lease_owner", flat=True)
        .distinct()
    )
    gone = [name for name in owners if name.split(":")[1] == pid or not _alive(name.split(":")[1])]
    return Generation.objects.filter(
        state__in=Generation.LIVE, lease_owner__in=gone, lease_until__gte=Now()
    ).update(lease_until=Now() - timedelta(seconds=1))


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

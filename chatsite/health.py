"""Health: for load balancers and people in a hurry."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from conversations.problems import problem
from streaming.shutdown import shutdown


@csrf_exempt
@require_safe
async def healthz(request: HttpRequest) -> HttpResponse:
    """The process is up."""
    return HttpResponse("ok\n", content_type="text/plain")


@csrf_exempt
@require_safe
async def readyz(request: HttpRequest) -> HttpResponse:
    """The database is reachable and the process is not about to end; else 503."""
    if shutdown.draining:
        return problem(503, "This server is about to close.")
    try:
        await sync_to_async(_ask)()
    except DatabaseError:
        return problem(503, "The database does not answer.")
    return HttpResponse("ok\n", content_type="text/plain")


def _ask() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")

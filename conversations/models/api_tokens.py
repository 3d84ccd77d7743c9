"""API tokens: shown once, stored hashed."""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import OperationalError, models
from django.utils import timezone

from .people import Person

logger = logging.getLogger(__name__)

#: How stale ``last_used_at`` may be: not every request is worth a write.
LAST_USED_RESOLUTION = timedelta(minutes=1)


def _digest(secret: str) -> str:
    # 256 random bits need no slow hash.
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def valid(self) -> Self:
        """Neither revoked nor expired, of people who may sign in."""
        now = timezone.now()
        return self.filter(person__is_active=True, revoked_at=None).exclude(expires_at__lte=now)

    def find(self, secret: str) -> ApiToken | None:
        """The valid token with this secret, its person at hand; notes that it was used."""
        # Judged here rather than by the query: every call of a script comes through, and saying
        # all of `valid` in SQL takes Django longer than the database takes to answer.
        try:
            token = self.select_related("person").get(digest=_digest(secret))
        except ApiToken.DoesNotExist:
            return None
        if not token.is_valid:
            return None
        token.note_use()
        return token


class ApiToken(models.Model):
    """A key to one person's conversations, for scripts."""

    class Scope(models.TextChoices):
        READ = "read", "Read"
        WRITE = "write", "Read and write"

    PREFIX: ClassVar = "unb_"

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    scope = models.CharField(max_length=5, choices=Scope, default=Scope.WRITE)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    #: The first characters, to recognise it by.
    hint = models.CharField(max_length=12, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @classmethod
    def issue(
        cls,
        person: Person,
        name: str,
        scope: str = Scope.WRITE,
        lifetime: timedelta | None = None,
    ) -> tuple[ApiToken, str]:
        """A new token and its secret, which nobody can read again."""
        secret = cls.PREFIX + secrets.token_urlsafe(32)
        token = cls.objects.create(
            person=person,
            name=name,
            scope=scope,
            digest=_digest(secret),
            hint=secret[:8],
            expires_at=timezone.now() + lifetime if lifetime else None,
        )
        return token, secret

    @property
    def is_valid(self) -> bool:
        """Neither revoked nor expired, of somebody who may sign in."""
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.person.is_active and self.revoked_at is None and not expired

    def note_use(self) -> None:
        now = timezone.now()
        if self.last_used_at is None or now - self.last_used_at > LAST_USED_RESOLUTION:
            self.last_used_at = now
            try:
                self.save(update_fields=["last_used_at"])
            except OperationalError as error:
                # Who only reads can be answered while nothing can be written.
                logger.warning("the use of a token was not noted: %s", error)

    def revoke(self) -> None:
        """It opens nothing from now on."""
        self.revoked_at = timezone.now()
        self.save(update_fields=["revoked_at"])

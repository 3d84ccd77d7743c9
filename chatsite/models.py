"""The cache's table: Django's database cache reads and writes it, and wants these columns."""

from __future__ import annotations

from django.db import models


class CacheEntry(models.Model):
    """What all processes count together, for limits on sign-in and the like."""

    cache_key = models.CharField(primary_key=True, max_length=255)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "chatsite_cache"

    def __str__(self) -> str:
        return self.cache_key

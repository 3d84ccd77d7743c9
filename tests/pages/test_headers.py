"""The headers that Django's own deployment checks would look for, seen on real responses."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.test import Client

PATHS = ["/accounts/login/", "/accounts/signup/", "/healthz", "/api/v1/docs", "/nothing/here/"]
ASK = (
    "import django; django.setup(); from django.conf import settings as s;"
    "print(s.SECURE_HSTS_SECONDS > 3600, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
    " s.SECURE_PROXY_SSL_HEADER, s.CSRF_TRUSTED_ORIGINS)"
)


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_every_response_protects_itself(client: Client, path: str) -> None:
    response = client.get(path)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "'unsafe-inline'" not in policy.split("style-src")[0]


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused() -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/accounts/login/", {"login": "x", "password": "y"})
    assert answer.status_code == 403


def test_behind_https_cookies_are_secure_and_hsts_is_sent() -> None:
    environment = {**os.environ, "PUBLIC_URL": "https://chat.example.com"}
    said = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, text=True, capture_output=True, check=True
    )
    assert said.stdout.startswith("True True True ('HTTP_X_FORWARDED_PROTO', 'https')")
    assert "https://chat.example.com" in said.stdout

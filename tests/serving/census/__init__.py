"""An app that counts what lives in the server under test: see apps.py."""

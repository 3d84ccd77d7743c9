"""Providers: ways to reach models. Which ones a deployment has: configured.py."""

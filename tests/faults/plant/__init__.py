"""Planted bugs and fatal hooks, put into the server under test from outside.

``DJANGO_SETTINGS_MODULE=tests.faults.plant.settings`` and ``PLANT=1`` add an app whose ``ready()``
wraps functions of the product. A bug acts on one answer alone: the one whose script is named after
it (``plant:NAME``), so that one process can have them all, and healthy answers beside them.
"""

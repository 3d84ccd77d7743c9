"""The fault suite: real processes, injected faults, clients that check themselves, and a judge.

A *run* is one answer, watched by several clients under a schedule of faults that is a function of
a seed. Everything that happened to it is written down (``histories.py``, ``evidence.py``), and
``checker.py`` reads off that record whether the promises were kept.
"""

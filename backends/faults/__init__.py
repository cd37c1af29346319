"""Faults on purpose: everything by which a member of a federation can be a bad one.

A WSGI middleware around a backend (`middleware`) that applies faults: things that go wrong on
the connection (`effects`, `bodies`, `connections`), and broken rules of the federation's contract
(`rules`), each by its name, while everything else stays right. Which fault strikes which request,
how often and when is a `scope`; `reading` reads both from a profile or from the control endpoint
(`control`).
"""

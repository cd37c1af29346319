"""Reporting usage to the federation's accounting.

What a run used is written into an outbox in the same transaction as its end, so that no crash comes
between, and is sent from there until the accounting has answered. A request of a user never waits
for it, nor fails with it.

::

    configuration   the section `accounting` of a profile
    reports         what is reported of a job, a request, a tile
    outbox          reports on disk, until they are answered
    tokens          a token of the issuer, by the backend's own credentials
    exchange        HTTP with an end
    client          one report, sent; its costs
    sender          the thread that sends what is due
"""

"""One openEO endpoint in front of several openEO backends.

The rooms, each importing only those below it; those in one row know nothing of each other:

::

    serve, watch           the aggregator and the monitor as programs
    app                    the aggregator as a WSGI app
    web, composition       HTTP; the use cases of a federation, put together from its settings
    usecases               the order of steps
    upstream, storage      the backends over HTTP; the database
    federated              one job whose parts run at several backends
    merging, routing, ledger, health, identity
                           many documents into one; which backend can run a process; credits;
                           availability and the contract's verdicts; tokens, rules and consent
    documents, ids, moments
                           reading JSON without trusting it; federated identifiers; days and months
    errors, settings       one class per openEO code; what an operator can configure

From `federated` down, but for `settings`, they are pure: they know no network, no clock and no
database. `setup.cfg` has all this as contracts.
"""

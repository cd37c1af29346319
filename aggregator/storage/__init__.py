"""Storage: the books in a database, by SQLAlchemy. SQLite by default, PostgreSQL by its URL.

The rules are those of `aggregator.ledger`; this room keeps them safe from crashes, from each other
and from itself: rows are only ever added, and the database refuses anything else.

::

    database        engines, transactions, locks
    metadata        what all tables share
    tables          every module with tables
    schema          the tables
    triggers        what the database itself refuses
    balances        the balance of an account
    page            one unit of work: reads what is needed, books, writes all at once
    rows            between rows and the domain's values
    members         users, their subscriptions and organisations
    reporting       usage reports, many in one transaction
    commits         many threads, one transaction
    ledger          the operations, each one transaction
    lookups         what the operations look up
    holds           holds as they stand in the database
    holding         putting credits aside, and giving back what was not used
    reconciliation  jobs that ended and do not agree with what was reported
    misnaming       reports that name another user than the one who started the work
    refunds         giving back what was charged
    queries         statements, usage, settlements
    exports         everything that was recorded, row by row
    job_costs       what jobs have cost each user
    durations       how long the latest jobs of a provider took
    underway        how much work is under way at each provider
    verification    rebuild of all balances, and the validators over the whole books
    tariffs         reads config/pricing

and beside the books the record of availability, whose rules are those of `aggregator.health`::

    health_schema  the tables
    observations   raw observations and the days that they are rolled up into
    verdicts       months' verdicts and operators' decisions
    notices        incidents, maintenance, announcements
    events         what the feed shows, and webhooks to be told of it
    lease          one runner among several

and what users agreed to, whose rules are those of `aggregator.identity`::

    consent_schema  the table
    consents        reads the record and adds to it

and the processes that users have defined::

    process_schema  the table
    processes       each process under its owner and an id

and federated jobs, whose rules are those of `aggregator.federated`::

    federated_schema   the tables
    federated_rows     between rows and the domain's values
    federated_jobs     jobs are read, changed under a lock, and found when something is due
    federated_log      their logs
    federated_results  joined results as their users last got them
"""

"""The order of steps of what a client or an operator can do with the federation.

HTTP is the business of `web`, addresses and time-outs are that of `upstream`.

What the federation offers::

    catalogue    the merged metadata, whole or of one backend
    shelves      all answers on it, made once per change
    collected    the listing of collections, merged one by one
    landing      what the operator and the federation itself say in the capabilities
    knowledge    what is known of backends, turned into what merging and routing read
    pages        answers that are ready to be sent
    items        the scenes of one collection
    searches     those of all

Who asks::

    accounts     logging in, and whose token goes where
    identities   tokens of OpenID Connect providers, verified
    tokens       backends' tokens, sealed
    tickets      a right to one page, in its address
    callers      which program reports usage
    operators    who may act for the federation
    admission    whether the members may work for a user
    agreements   the federation's terms, and who has agreed
    profiles     what users read of themselves

Processes::

    processing       where a process runs, and running it while the user waits
    translation      the federation's words in a process, and a backend's
    policies         by which policy a request is routed
    gathering        what policies rank by
    turns            how many requests with the same choice came before
    validation       what is wrong with a process, and who could run it
    verdicts         what backends say of a process together
    estimates        what a process would cost at every backend
    past_jobs        how long jobs took there before
    user_processes   the processes that users define
    definitions      those that a process calls, found and written out
    splitting        plans for processes that no single backend can run
    tiling           plans for large areas
    federated        jobs in parts

What users own::

    resources        jobs and services alike
    jobs             batch jobs, each at one backend
    services         web services likewise
    files            users' files, one tree over all backends
    workspaces       storage of users' own, to which results are exported
    listings         one listing over several backends
    links            addresses in backends' documents, led through the federation

Credits::

    credits          checks before work, and what is put aside for it
    job_accounts     jobs and services in the ledger
    wallets          whose wallets there are
    balances         what users see of them
    reporting        members report usage
    usage            who used what, and what it cost
    pricing          what providers charge
    bookkeeping      all of this, put together
    housekeeping     what the books need from time to time

Availability::

    monitor          probes the members
    record           what was observed, and what the contract makes of it
    contract         the contract's policy, as it is set
    standings        how members stand, for routing
    availability     how available they are and were
    operations       what operators do about it
    happenings       what happens, in words
    messenger        tells webhooks
    watching         monitor and messenger, put together
    boards           the state of the federation, for everybody
    disclosures      what everybody may read of the record
    monitoring       whether the federation can serve

And for all of them::

    federation       all use cases of one federation, from beginning to end
    views            the federation as a client sees it
    rounds, aside    work in the background: again and again, or once
"""

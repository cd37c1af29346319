"""Does an openEO backend meet the contract of its federation? Examined from outside.

Neither the aggregator nor the simulated backends are known here. A module imports only those of
lower layers, which stand in `setup.cfg`.

A review, from the command line to its exit status::

    main                 the command line
    session              its options as a review, its report as an exit status
    selection            which requirements a review is about
    review               the order of its steps
    runner               which check runs when: parents first, several at a time
    checks               one small function per requirement
    properties           what must hold of processes that need data

What it says::

    findings             what a check returns, and with which verdict
    verdicts             does the backend meet the minimum, and how far each profile
    notices              what stands before everything else in a report
    next_steps           what to do next, in order
    report               a review as a document
    reports              it as text, JSON, HTML, JUnit and Markdown
    comparison           what changed since an earlier report

What a backend is judged by::

    catalogue            the requirements
    registry             which function judges which requirement
    hints                what to do where a check has nothing closer to say
    reference            the definitions of processes
    stac                 what STAC wants of collections
    lists                what all lists of the API have in common
    history              how available the backend was, month by month
    statements           what only the provider can say
    snapshot             what must stay constant, for the next review
    data                 requirements, definitions, schemas, hints and the page

Asking a backend::

    backend              what it says, asked once for all checks
    probe                the polite HTTP client
    account, oidc        logging in
    provoked             errors on purpose, and endpoints found by asking
    once                 asks once, however many want it at the same time

What it computes there::

    making               results and jobs, and their removal
    shared_jobs          jobs that many checks look at
    computed             known answers, many in one request
    known_answers        calls that need no data
    sample               a small piece of a collection
    cubes, files_read    computing with it, and reading the files that come back
    shapes               a polygon in the sample
    graphs               small process graphs
"""

"""HTTP: a blueprint per section of the openEO API, and what all of them share.

Views read the request, call one use case and choose status and headers.

The sections of the API::

    capabilities     versions, capabilities, conformance, formats, runtimes
    discovery        data and processes
    items            what stands below a collection
    searches         items of all collections
    account          account management
    user_processes   user-defined processes
    processing       validation, estimates and synchronous results
    jobs             batch jobs
    services         secondary services
    files            file storage
    workspaces       the Workspaces Extension

The federation's own::

    accounting       usage reports of members, and everybody's rates
    usage            who used what, settlements, and what does not agree
    availability     the record of availability, and what operators write into it
    dashboard        the state of the federation, for people and programs
    charts, styles   its pictures, and what pages look like
    badges, atom     the state on other people's pages, and as a feed
    metrics          the same as numbers for monitoring systems
    monitoring       how the federation is, for operators
    terms            its terms: a page to agree on, and the same for programs

What they share::

    addresses        where the API stands
    context          what views need of a request
    resources        answers on what users own
    responses        answers as such
    negotiation      a page or a document, whichever is asked for
    spreadsheets     CSV that is opened without harm
    uploads          bodies that are passed on without being kept
    errors           one shape for every error
    cors             browsers of any origin

How it is served::

    worker           gunicorn's worker with threads, made patient for a time only
    arrivals         requests that are still arriving
    plain_requests   heads of requests that have nothing odd about them, taken apart at once
    logs             the program's log, without credentials
    access_log       a line for each request
"""

"""The backends, over HTTP: the only room that knows addresses, time-outs and credentials' form.

::

    client       asks one backend
    transport    how requests travel: kept connections, used directly
    plain        heads of answers that have nothing odd about them, taken apart at once
    sized        answers of a known length, read directly
    heads        all other answers, as Python's own reader has them
    deadlines    deadlines that hold even against a peer that drips
    failures     what goes wrong on the way, as the federation's errors
    elsewhere    what a backend keeps at other hosts, and redirects to
    fleet        asks several backends: the only loop over them
    breakers     when a backend is not asked, or not for some things
    latencies    how soon a backend answers
    metadata     the documents of one backend, fetched whole
    archive      last known metadata, kept as files
    details      collections' full metadata, fetched when first asked for
    snapshots    what is known of each backend, looked after in the background
    flights      of several callers that want the same, one fetches
    probes       one look at a member, as the contract counts it

and what is no backend::

    issuers      the public keys of the issuers of tokens
    outside      documents at addresses that users name
    webhooks     a signed message to whoever wants to know what happens
"""

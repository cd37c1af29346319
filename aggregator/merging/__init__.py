"""The room of merging: many backends' documents in, one document and its notes out.

Every function here is pure. It leaves its inputs as they are, gives the same answer in
whatever order the backends' answers arrived, and turns each disagreement and each
unusable piece into a :class:`~aggregator.merging.notes.Note`. Where backends disagree
and no better rule is stated, the backend that is configured first wins.

A merged document may share unchanged parts with the documents that it was made of:
treat it as read-only and add to a copy.

What is merged::

    capabilities          what the federation can do through its backends
    billing               one currency where all agree, and everybody's plans
    collections           the union, as valid STAC
    processes             what one backend, or what every backend, can run
    formats               file formats, for reading and for writing
    udf_runtimes          runtimes of user-defined functions
    service_types         types of secondary web services
    workspace_providers   kinds of storage that can be exported to
    oidc                  providers of OpenID Connect, matched by issuer
    queryables            by which properties a collection can be selected

of a collection::

    names                 the federation's and each backend's own
    extents               where and when
    dimensions            dimensions and variables of the cube
    bands                 in the several places in which they are described
    summaries             ranges and lists of values
    assets                its own, and those of its items
    upgrades              bands of assets by different versions of an extension
    stac                  versions and extensions of STAC

and how::

    fields                objects field by field: the rules that tables are made of
    named                 entries by name, of objects and of arrays
    parameters            parameters of processes and of resources
    ranges                the smallest and largest of what is given
    times                 instants and dates, compared as moments
    filters               what is offered at all: allow and deny lists
    notes                 what merging saw that an operator may want to know
    note_codes            the codes of notes, with their words
"""

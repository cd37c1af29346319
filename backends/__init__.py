"""Simulated openEO backends: one program that a profile turns into one backend.

The HTTP side starts light; whatever needs the processing stack runs in the compute process.

The program::

    serve, worker        gunicorn in front of one backend, and how it refuses what is no HTTP
    app                  the backend as a Flask application
    profile              what it is called, speaks, offers and allows
    profile_reading      reads that from YAML
    configuration        typed values, and every mistake with its place
    limits, billing, clusters
                         sections of a profile
    passwords, secret    those of people and clients; those that a server makes for itself
    errors               the errors that users see, by openEO's codes

The HTTP side::

    web                  views, one module per section of the API
    jobs                 the store, the queue, and the way to the compute process
    stored               processes, files and services that users keep
    workspaces           users' own storage, to which results are exported
    accounting           reports usage
    oidc                 whose tokens are taken
    faults               faults on purpose
    identity             a provider of OpenID Connect, which knows no backend

What is offered, as documents::

    definitions          the processes that can be run
    checking, arguments  judge a process graph before anything is computed
    formats, format_table
                         file formats and their options
    service_types        kinds of web services
    collections          collections as STAC
    queryables           by which properties their data can be selected
    items, searches      their scenes, and how these are found
    stac_documents       STAC that others wrote

The generated world, as tables::

    products, catalogue  what there is in it
    bands                its bands and classes
    acquisitions         when what is recorded
    intervals            which days a request means
    chance               numbers that look random and are not

What computes::

    compute              the process that forks a child per task
    environment          what surrounds one execution
    graph, evaluate      process graphs, read and evaluated
    processes, registry  one function per process, and all of them
    loading              what a graph asks of a collection
    scenes               the generated world, computed
    stac_source          real rasters behind STAC
    addresses, ranges    which URLs may be loaded, and loading them in parts
    patience             how long others are waited for
    udf                  users' code, confined
    tiles                map tiles
    cube_form            the form of a cube, beside its values in a file
    writers              results as files
"""

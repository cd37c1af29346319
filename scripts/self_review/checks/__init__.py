"""The checks, a module per topic: small functions of the examined backend.

Each is registered for a requirement by its id; see `registry`.

What is seen without a login::

    discovery            which versions of the API there are
    capabilities         what `GET /` says
    transport, cors      how answers travel, and to pages of other origins
    errors               their status and form
    logins               which ways to log in there are
    collections          each as the profiles of the API want it
    contract             all as the pages of the federation want them
    metadata             whether links lead somewhere, and how rich metadata are
    processes            the list, and each beyond its name
    formats              what can be read and written
    udf                  what runs users' own code
    services             types of web services
    availability         from a monitor's history

The work of a user::

    account              who it is
    synchronous, synchronous_options
                         computing at once
    validation           what is wrong with a process before it is run
    jobs, job_changes    batch jobs, made and changed
    job_runs, logs       started and cancelled, and what they say
    results, estimates   what comes of them, and what they will cost
    stored_processes     processes of the user
    user_files           files of the user
    made_services, service_changes
                         web services of the user, made and changed
    deletions            whether what was made can be deleted

What is computed::

    execution            what the process profiles promise
    execution_in_space, execution_in_time, execution_of_labels
                         likewise, along dimensions
    optional_processes   those of optional profiles
    files_written        GeoTIFF, by its structure
    files_of_other_formats
                         netCDF and images, likewise

What concerns more than one answer::

    profiles             what follows for whole profiles
    federation           rules for aggregators
    aggregator_work      rules for aggregators about the work of users
"""

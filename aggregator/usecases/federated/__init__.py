"""Federated jobs: one job for its user, whose parts are jobs at several backends.

::

    desk         batch jobs, wherever they live: hands each request on
    planning     finds the plan of a request that no single backend can run
    lifecycle    what users do with federated jobs
    documents    how users see them
    money        what their parts are expected to cost, and what they have cost
    estimating   what a plan is expected to cost and how long it may take, before it runs
    sharing      signed links to such results
    waiting      split processes that are checked or run while their user waits
    joining      the results of several parts, asked for and joined
    asking       questions about several parts at once, which no backend holds up for others
    references   results of federated jobs that other processes load
    listing      federated jobs in the list of a user's jobs, without their parts
    driver       does what is due in the background: one program among several
    errands      one step for one part, recorded before and after
    members      what is asked of the backends for a part
    keyring      users' credentials, sealed while a job has something left to do
    tools        what all of these stand on

What to do next is decided by `aggregator.federated`; how things stand is in the database.
"""

"""Federated jobs: one batch job whose parts run at several backends. What to do next, and why.

::

    states       a job and its parts as they stand, and the lines of its log
    changes      what follows from what was asked, or was seen of a part
    steps        what is to be done now, given how things stand
    troubles     what an error of a backend means for a part
    logs         which lines of a log are kept
    budgets      one budget for several parts
    sums         progress, costs and usage of the whole
    results      the results of several parts as one collection
    titles       the mark by which a part is found again at its backend

Pure: no network, no clock, no state. Times are milliseconds since 1970. Whoever executes a step
records what is intended before a backend is asked, and what came of it afterwards; after a crash
between the two the stage of the part says what is not known, and `steps` how to find out.
"""

"""`openeo-federation ledger …`: the books of a federation, for its operators.

::

    commands   the commands
    arguments  months, wallets and amounts as they are written
    opening    the ledger of a configuration
    changes    grants, refunds and month ends
    rows       what is found in it, as rows of words and numbers
    printing   rows as tables, JSON or CSV
"""

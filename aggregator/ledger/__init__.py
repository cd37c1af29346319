"""The ledger: who may spend which credits where, and what work costs.

A pure room: double entry in integer millicredits, on values alone. It knows no database and reads
no clock; moments are integers, milliseconds since the Unix epoch (UTC), as usage reports have them.

::

    amounts             credits and millicredits
    accounts entries    names of accounts; transfers of postings that sum to zero
    grants purses       credits granted to a wallet, and the order in which they are used
    events              grant, hold, release, charge, repayment, refund, expiry, settlement
    renewal             monthly free credits per subscription and provider
    reports receipts    usage reports read and checked; what is answered
    pricing             tariffs of providers: from usage to credits
    orders              what a request says about paying for its work
    checks              may this work start? budgets and plans
    durations           how long jobs took at a provider
    books               validators over the whole books
    errors              what a report or a hold is refused with
"""

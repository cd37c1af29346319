"""Health: how available each member was, and what the contract makes of it.

A pure room: it knows no network and no database and reads no clock. Moments are integers,
milliseconds since the Unix epoch; days and months are UTC's, written 2026-03-14 and 2026-03.
Shares are integers, thousandths of a percent, so that limits are compared without rounding.

::

    policy         every choice of the contract, and those that it leaves open, with its default
    observations   what a monitor saw of a member at a moment
    maintenance    announced windows, and which of them take time out of the evidence
    uptime         daily roll-ups, uptime as whole numbers, error budgets
    status         up or down now, and the incidents in a row of observations
    standing       stable, unstable, excluded: the state between months, and decisions on it
    judging        the contract's flowchart: a month's evidence, a state, a verdict
    announcements  breaking changes and removals, and whether they come early enough
    errors         what is refused of what an operator asks
"""

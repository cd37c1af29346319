"""The order of steps of what a client or an operator can do with the federation.

`catalogue` (what it offers), `accounts` (who asks), `processing` (validation and synchronous
results), `jobs`, `services` and `listings` (what users own), `monitoring` (how it is). HTTP is
the business of `web`, addresses and time-outs are that of `upstream`.
"""

"""The command `openeo-federation`: starts federations, checks and explains them.

`main` declares the command line and imports nothing heavy; each command imports
its own module when it runs. `tour` is the guided tour behind `scripts/demo`.
"""

"""The backends, over HTTP: the only room that knows addresses, time-outs and credentials' form.

`client` asks one backend, `fleet` asks several (the only loop over backends), `snapshots` keeps
the last known metadata of each and looks after them in the background.
"""

"""Jobs: the persistent store, the bounded queue, and the way to the compute process.

Light: nothing here imports the processing stack. ``backends.compute`` is started
as a program of its own and reports back through the store and a pipe.
"""

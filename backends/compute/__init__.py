"""The compute process of a backend, a program of its own: ``python -m backends.compute``.

It imports the processing stack once and forks a child per task. The HTTP side
starts it and never imports it.
"""

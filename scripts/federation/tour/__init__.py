"""The guided tour of the federation, taken with the ordinary `openeo` client.

`guide` knows the way and what is told at each stop, `asks` what is asked of the
federation, `telling` how it looks on a terminal, `files` how results are opened.
"""

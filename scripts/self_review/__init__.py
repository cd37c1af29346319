"""Does an openEO backend meet the contract of its federation? Examined from outside.

The rooms, each importing only those below it: `main` (the command line), `reports` (findings as
text, JSON, HTML, JUnit and Markdown), `runner` (which check runs when), `checks` (one small
function per requirement), `backend` (what the examined backend said, asked once) with `account`
and `work` (what needs a login), `probe` (the polite HTTP client), and `registry`, `findings`,
`catalogue`. Neither the aggregator nor the simulated backends are known here.
"""

"""One openEO endpoint in front of several openEO backends.

The rooms, each importing only those below it: `serve` (the production server), `app`
(composition), `web` (HTTP), `usecases` (order of steps), `upstream` (the backends over HTTP),
`merging` and `routing` (pure), `documents` and `ids`, `errors` and `settings`.
"""

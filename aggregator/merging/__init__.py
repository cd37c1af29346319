"""The room of merging: many backends' documents in, one document and its notes out.

Every function here is pure. It leaves its inputs as they are, gives the same answer in
whatever order the backends' answers arrived, and turns each disagreement and each
unusable piece into a :class:`~aggregator.merging.notes.Note`. Where backends disagree
and no better rule is stated, the backend that is configured first wins.

A merged document may share unchanged parts with the documents that it was made of:
treat it as read-only and add to a copy.
"""

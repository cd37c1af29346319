"""A provider of OpenID Connect for local use: who the users are, in tokens that it signs.

It stands for the identity provider that the members of a federation share. It
knows no backend, and no backend knows it: they know an issuer.
"""

"""HTTP: a blueprint per section of the openEO API, and what all of them share.

Views read the request, call one use case and choose status and headers. `addresses` says where
the API stands, `errors` gives every error one shape, `cors` lets browsers in.
"""

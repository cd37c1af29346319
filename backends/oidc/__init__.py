"""A backend as a resource server: whose tokens it takes, and what it lets their users do.

It knows issuers by what they publish (OpenID Connect Discovery, JWKS, userinfo),
and nothing else of them.
"""

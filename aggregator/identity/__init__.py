"""Identity: who a token speaks for, what they are entitled to, and what they have agreed to.

Pure: times are arguments, keys come as documents.

::

    tokens        a JWT read apart, nothing of it believed yet
    keys          an issuer's JWKS, and which algorithms each key serves
    verification  signature, issuer, audience, times: claims, or the error that says why not
    claims        what a verified token says of its user
    rules         entitlements and subscriptions that users must have
    consent       what a user agreed to, from the record of it
    secrets       what looks like a credential or an address of e-mail, taken out of texts
"""

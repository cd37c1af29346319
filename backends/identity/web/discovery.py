"""Discovery: where everything is, and the public keys (OpenID Connect Discovery 1.0)."""

from flask import Blueprint, Response, jsonify

from backends.identity.claims import STANDARD
from backends.identity.settings import GRANTS, SCOPES
from backends.identity.web.provider import provider

discovery = Blueprint("discovery", __name__)


@discovery.get("/.well-known/openid-configuration")
@discovery.get("/.well-known/oauth-authorization-server")
def configuration() -> Response:
    """Where everything is, and what is possible."""
    settings = provider().settings
    methods = ["client_secret_basic", "client_secret_post", "none"]
    own = {name for user in settings.users.values() for name in user.claims}
    return jsonify(
        {
            "issuer": settings.issuer,
            **{name: settings.address(path) for name, path in ENDPOINTS.items()},
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": list(GRANTS.values()),
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_methods_supported": methods,
            "introspection_endpoint_auth_methods_supported": methods[:2],
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["none", "login", "consent"],
            "claims_supported": sorted({*STANDARD, *own}),
            "claims_parameter_supported": False,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "authorization_response_iss_parameter_supported": True,
        }
    )


ENDPOINTS = {
    "authorization_endpoint": "/authorize",
    "token_endpoint": "/token",
    "userinfo_endpoint": "/userinfo",
    "jwks_uri": "/jwks",
    "device_authorization_endpoint": "/device_authorization",
    "revocation_endpoint": "/revoke",
    "introspection_endpoint": "/introspect",
    "end_session_endpoint": "/logout",
}


@discovery.get("/jwks")
def jwks() -> Response:
    """The public keys."""
    response = jsonify({"keys": provider().keys.published()})
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@discovery.get("/health")
def health() -> Response:
    """That it is well."""
    provider().keys.published()
    return jsonify({"status": "ok"})

"""The provider's HTTP side: views that hand requests to the authorization server."""

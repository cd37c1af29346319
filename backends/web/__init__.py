"""The HTTP side of a simulated backend: thin views, one module per API section."""

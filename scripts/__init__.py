"""Commands around the federation; nothing here is imported by the servers."""

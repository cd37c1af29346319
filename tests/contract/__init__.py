"""The code held against documents: specification, error codes, import contracts."""

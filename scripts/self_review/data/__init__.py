"""The requirements, the reference of processes, schemas and the page, as data."""

"""What users keep at a backend: processes, files and web services."""

"""The self-review of a real simulated backend in process, whole and with rules broken."""

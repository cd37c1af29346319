"""`python -m scripts.federation` is `openeo-federation`."""

from scripts.federation.main import main

main()

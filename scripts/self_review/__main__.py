"""`python -m scripts.self_review`."""

from scripts.self_review.main import main

main(prog_name="openeo-self-review")

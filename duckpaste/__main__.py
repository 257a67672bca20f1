"""`python -m duckpaste`."""

from duckpaste.cli import main

main()

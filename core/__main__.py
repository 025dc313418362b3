"""``python -m difreg`` is the command line."""

from difreg.cli.main import main

main()

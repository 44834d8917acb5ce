"""`python -m pullscope`: the command, also where its script is not on PATH."""

from pullscope.cli.main import main

main()

"""pullscope shows what a container client and a registry say to each other, and says what it means.

The package holds seven rooms, and imports between them point one way (docs/architecture in CONTRIBUTING.md):
`oci` is the language, `trace` what was seen, `worlds` who answers and who asks, `host` reversible changes to a
machine, `render` output, `mitm` the only importer of mitmproxy, `cli` the only importer of typer.
"""

__version__ = "0.1.0"

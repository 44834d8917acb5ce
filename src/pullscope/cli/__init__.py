"""The only importer of typer: parse words, call one function, say one sentence. Nothing heavy is imported at the top."""

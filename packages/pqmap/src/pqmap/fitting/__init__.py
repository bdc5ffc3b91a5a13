"""Learning the text pairs, sections 3.1 and 4.2 of the paper: from a table of labelled pictures to a pairs file."""

__all__: list[str] = []

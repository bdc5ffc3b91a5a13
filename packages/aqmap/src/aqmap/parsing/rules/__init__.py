"""A parser without a model: word lists, chunks and the links between them."""

__all__: list[str] = []

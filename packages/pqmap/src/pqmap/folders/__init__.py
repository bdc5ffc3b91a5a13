"""Many pictures: scored into a table, mapped, ranked and sorted out."""

__all__: list[str] = []

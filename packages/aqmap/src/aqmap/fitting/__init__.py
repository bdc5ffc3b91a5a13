"""What `aqmap fit` is made of: a labelled table, margins, the search for three numbers, a report."""

__all__: list[str] = []

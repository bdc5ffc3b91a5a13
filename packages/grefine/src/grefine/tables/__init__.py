"""The paper's tables, computed: which pictures, what was made of them, what was measured, how it is written."""

__all__: list[str] = []

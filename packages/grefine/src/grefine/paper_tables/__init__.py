"""Tables 2 to 8 of G-Refine (arXiv:2404.18343) as data, and what is best, second and negative in them."""

__all__: list[str] = []

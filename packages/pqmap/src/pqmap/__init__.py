"""Perceptual quality of generated pictures: PQ-Map of G-Refine, eq. (2) and (3).

`load` gives an assessor; an assessor gives a score, a map and four factors. The public names are in
`__init__.pyi`; each is imported on first use, so that importing this package does not load torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""How well an image follows its prompt, phrase by phrase: eqs. (4) to (8) of G-Refine (arXiv:2404.18343).

The public names are in `__init__.pyi`; each is imported on first use, so that importing this
package loads neither torch nor stanza.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

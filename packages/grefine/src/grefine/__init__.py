"""Score a generated picture and its prompt, find where it fails, and repair it there (arXiv:2404.18343).

The public names are in `__init__.pyi`; each is imported on first use, so that importing this
package loads neither torch nor numpy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

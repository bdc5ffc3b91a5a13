"""What the G-Refine packages share: records, images, maps, encoders, weights, errors.

The public names are in `__init__.pyi`; each is imported on first use, so that importing this
package loads neither torch nor numpy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

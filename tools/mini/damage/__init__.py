"""Damage with a known place, kind and severity, to train and test quality on.

Three factors as in section 3.1 of the paper: technical (the signal), rationality (the content),
naturalness (the look).
"""

from __future__ import annotations

from tools.mini.assets import Array
from tools.mini.damage.apply import FACTORS, KINDS, Damaged, damage_image
from tools.mini.damage.masks import blob
from tools.mini.damage.spot import Kind, Spot

__all__ = ["FACTORS", "KINDS", "Array", "Damaged", "Kind", "Spot", "blob", "damage_image"]

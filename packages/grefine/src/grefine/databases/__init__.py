"""Databases of generated pictures, with the labels that people gave them: what each is, reading, checking."""

from grefine.databases.records import ALIGNMENT, QUALITY, Database, Item, LabelRange
from grefine.databases.registry import DATABASES

__all__ = ["ALIGNMENT", "DATABASES", "QUALITY", "Database", "Item", "LabelRange"]

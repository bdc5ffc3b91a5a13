"""Names of the scores that `grefine eval` computes; imports nothing, so that options are checked at once."""

from __future__ import annotations

from collections.abc import Mapping

ID = "id"
"""Column that names an item."""
PERCEPTION_SCORES = ("p", "overall", "technical", "rationality", "naturalness")
"""Of eq. (3) and its factors; see `pqmap.FACTORS`."""
ALIGNMENT_SCORES = ("a", "prompt_score", "coverage")
"""Of eq. (8); see `aqmap.Alignment.row`."""
MEANT_FOR: Mapping[str, str] = {"quality": "p", "alignment": "a"}
"""Which score is measured against which label where nobody says so."""

"""Where the prompts come from, as the command line says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aqmap.commands.options import Place
from grefine_core.errors import InputError

if TYPE_CHECKING:
    from aqmap.tables.subjects import FindPrompt


@dataclass(frozen=True, kw_only=True)
class PromptOptions:
    """The options about prompts."""

    prompt: str | None
    negative: str | None
    place: Place | None

    def check(self, *, in_table: bool) -> None:
        """Refuse what says nothing, or two things, before anything costly.

        Args:
            in_table: Whether a table has the prompts if no option does.

        Raises:
            InputError: If it is not said where the prompts are, or twice, or the one that is given has no words.
        """
        if self.prompt is not None and self.place is not None:
            raise InputError("Give --prompt or --prompt-from, not both.")
        if self.prompt is None and self.place is None and not in_table:
            raise InputError(
                "What should the pictures show? Give --prompt, or --prompt-from metadata (of A1111, ComfyUI or"
                " InvokeAI) or sidecar (a .txt beside each), or a table with a column `prompt`."
            )
        if self.prompt is not None:
            check_words(self.prompt, self.negative)

    def finder(self) -> FindPrompt | None:
        """Return what finds the prompt of a picture; None where that is left to a table."""
        from aqmap.tables.subjects import fixed_prompt, prompt_of_picture

        if self.prompt is not None:
            return fixed_prompt(self.prompt, self.negative)
        if self.place is None:
            return None
        return prompt_of_picture("metadata" if self.place is Place.METADATA else "sidecar", self.negative)


def check_words(prompt: str, negative: str | None) -> None:
    """Refuse a prompt that no assessor would take.

    Raises:
        InputError: If it is blank, too long, or nothing but syntax.
    """
    from aqmap.prompts.prompt import normalise

    normalise(prompt, negative=negative)

"""The balanced refiner: assess, repair regions, pass mildly over all, and keep what helped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from balanced_refiner.backend import Inpainter
from balanced_refiner.guard import Assess, Guard
from balanced_refiner.mask import RepairMask, check_locked
from balanced_refiner.planning import check_maps
from balanced_refiner.records import Refinement, RefineSettings, Round
from balanced_refiner.rounds import OnProgress, Work, pass_over, repair_in_rounds
from balanced_refiner.strength import WORDS_STRENGTH
from grefine_core import Assessment, InputError, check_images, check_prompt


class BalancedRefiner:
    """Join a backend and an assessor to eqs. (9) and (10); holds no state between calls.

    Args:
        inpainter: The diffusion backend.
        assess: Measures p, P, a, A and the defects of pixels (1, 3, H, W) for a prompt.
        settings: Steps, mask, rounds, guard.
        second: Another backend for stage 2, such as one that restores; `inpainter` by default.
    """

    def __init__(
        self,
        inpainter: Inpainter,
        assess: Assess,
        settings: RefineSettings | None = None,
        *,
        second: Inpainter | None = None,
    ) -> None:
        self._inpainter, self._assess = inpainter, assess
        self._second = inpainter if second is None else second
        self._settings = settings or RefineSettings()

    @torch.no_grad()
    def __call__(
        self,
        pixels: Tensor,
        prompt: str,
        *,
        seed: int = 0,
        locked: Tensor | None = None,
        on_progress: OnProgress | None = None,
    ) -> Refinement:
        """Refine one picture.

        Where the mask is empty there is nothing to repair, and the input comes back bit for bit.
        A backend that fails changes nothing either; the decisions say what it did.

        Args:
            pixels: Shape (1, 3, H, W), float32 in [0, 1], any H and W; it is not changed.
            prompt: What the picture should show.
            seed: The same seed gives the same picture; not negative.
            locked: Pixels that no stage may change, shape (H, W), bool.
            on_progress: Hears of every denoising step; what it raises, such as `Cancelled`, ends the call.

        Raises:
            InputError: If an argument breaks the above, or the assessor's maps have another size.
        """
        _check(pixels, prompt, seed)
        if locked is not None:
            check_locked(locked, (pixels.shape[2], pixels.shape[3]))
        began = time.perf_counter()
        source = pixels.detach().cpu()
        work = self._start(source, prompt, seed, locked, on_progress)
        repaired = result = repair_in_rounds(work, self._inpainter, source)
        if self._settings.stage2 == "always" or (_due(work) and self._second.mild_pass):
            with work.clock("stage2"):
                result = pass_over(work, self._second, result)
        after = work.before if torch.equal(result, source) else work.measured(result)
        work.timings["total"] = time.perf_counter() - began
        return self._report(work, repaired, result, after)

    def _start(
        self, source: Tensor, prompt: str, seed: int, locked: Tensor | None, on_progress: OnProgress | None
    ) -> Work:
        """Assess the picture before anything is done to it."""
        settings = self._settings
        began = time.perf_counter()
        before = self._assess(source, prompt)
        check_maps(before, (source.shape[2], source.shape[3]))
        return Work(
            assess=self._assess,
            prompt=prompt,
            seed=seed,
            locked=locked,
            settings=settings,
            before=before,
            guard=Guard(self._assess, prompt, before, tolerance=settings.tolerance, enabled=settings.guard),
            on_progress=on_progress,
            timings={"assess": time.perf_counter() - began},
        )

    def _report(self, work: Work, repaired: Tensor, pixels: Tensor, after: Assessment) -> Refinement:
        first, changed = work.rounds[0], after is not work.before
        return Refinement(
            pixels=pixels,
            stage1_pixels=repaired,
            changed=changed,
            message=_message(work, changed=changed) + self._left_out(work) + self._left_to_others(work),
            before=work.before,
            after=after,
            mask=_union(work.rounds),
            found=first.found,
            rounds=tuple(work.rounds),
            stopped=work.stopped,
            decisions=tuple(work.guard.decisions),
            strengths={"stage1": first.strength, "stage2": self._settings.delta},
            steps=work.steps,
            seed=work.seed,
            seeds=first.seeds,
            backend=self._inpainter.name,
            second=self._second.name,
            settings=self._settings,
            timings=work.timings,
        )

    def _left_out(self, work: Work) -> str:
        """Say that the mild pass was due, but is not in good hands with its backend."""
        if not _due(work) or self._second.mild_pass:
            return ""
        return f" No mild pass over the whole picture: `{self._second.name}` would harm good pixels."

    def _left_to_others(self, work: Work) -> str:
        """Say which phrases fail, but are left alone since the backend could not put them right."""
        if not work.before.defects or self._inpainter.max_strength >= WORDS_STRENGTH:
            return ""
        phrases = ", ".join(dict.fromkeys(defect.phrase for defect in work.before.defects))
        return f" Not tried: {phrases}; `{self._inpainter.name}` is too weak to paint what words say."

    def refine_all(self, pictures: Sequence[Tensor], prompts: Sequence[str], seeds: Sequence[int]) -> list[Refinement]:
        """Refine several pictures one after the other; each result is that of a call of its own, bit for bit.

        Args:
            pictures: As `pixels` of a single call; their sizes may differ.
            prompts: One a picture.
            seeds: One a picture.

        Raises:
            InputError: If the three differ in length, before any work, or a call refuses its picture.
        """
        if not len(pictures) == len(prompts) == len(seeds):
            counts = f"{len(pictures)}, {len(prompts)} and {len(seeds)}"
            raise InputError(f"`pictures`, `prompts` and `seeds` must have one length, got {counts}.")
        triples = zip(pictures, prompts, seeds, strict=True)
        return [self(pixels, prompt, seed=seed) for pixels, prompt, seed in triples]


def _check(pixels: Tensor, prompt: str, seed: int) -> None:
    check_images(pixels)
    check_prompt(prompt)
    if len(pixels) != 1 or pixels.dtype != torch.float32:
        raise InputError(
            f"`pixels` must be one float32 image (1, 3, H, W), got {tuple(pixels.shape)} of {pixels.dtype}."
        )
    if seed < 0:
        raise InputError(f"`seed` must not be negative, got {seed}.")


def _due(work: Work) -> bool:
    """Return whether `auto` calls for the mild pass: it blends repairs in, so one must have been kept."""
    return work.settings.stage2 == "auto" and any(done.kept for done in work.rounds)


def _union(rounds: Sequence[Round]) -> RepairMask:
    """Return the masks of all rounds as one."""
    masks = [done.mask for done in rounds]
    return replace(
        masks[0],
        hard=torch.stack([mask.hard for mask in masks]).any(0),
        feathered=torch.stack([mask.feathered for mask in masks]).amax(0),
        share=torch.stack([mask.share for mask in masks]).amax(0),
    )


def _message(work: Work, *, changed: bool) -> str:
    """Say in one sentence what happened."""
    decisions = work.guard.decisions
    p, a = work.before.pq.score, work.before.aq.score
    if not decisions and p + a < 1:
        return f"The scores are low (p {p:.2f}, a {a:.2f}), but the maps point at no part of the image to repair."
    if not decisions:
        part = "part" if work.locked is None else "unlocked part"
        return f"Nothing to repair: no {part} of the image reaches a deficit of {work.rounds[0].mask.threshold:.2f}."
    if not changed:
        return f"Nothing was changed: none of {len(decisions)} attempted changes was kept."
    kept, rounds = sum(d.kept for d in decisions), len(work.rounds)
    return f"Kept {kept} of {len(decisions)} changes" + (f" in {rounds} rounds." if rounds > 1 else ".")

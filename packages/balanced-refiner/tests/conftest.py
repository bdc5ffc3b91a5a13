"""Stand-ins for the costly parts: a backend that paints one colour, hand-made assessments, tiny pipelines."""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Sequence
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
import torch
from torch import Tensor

from balanced_refiner import InpaintRequest, check_request, denoising_steps
from grefine_core import Assessment, Defect, Emphasis, QualityMap


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Painter:
    """Fill whole squares with one value, or with noise of each seed, and remember the requests."""

    name = "painter"

    def __init__(self, value: float | None = 0.25, size: int = 32) -> None:
        self.value, self.working_size, self.max_strength, self.mild_pass = value, size, 1.0, True
        self.requests: list[InpaintRequest] = []

    def inpaint(self, request, *, on_step=None) -> Tensor:
        check_request(request, self.working_size)
        self.requests.append(request)
        steps = denoising_steps(request.steps, max(request.tops))
        for step in range(steps):
            if on_step is not None:
                on_step(step + 1, steps)
        if self.value is not None:
            return torch.full_like(request.images, self.value)
        noise = [torch.rand(3, self.working_size, self.working_size, generator=_generator(s)) for s in request.seeds]
        return torch.stack(noise)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def painter():
    return Painter


@pytest.fixture
def assessment():
    def make(
        quality: Tensor,
        alignment: Tensor | None = None,
        *,
        p: float = 0.5,
        a: float = 0.5,
        defects: Sequence[Defect] = (),
        emphases: Sequence[Emphasis] = (),
    ) -> Assessment:
        return Assessment(
            pq=QualityMap(score=p, map=quality),
            aq=QualityMap(score=a, map=torch.ones_like(quality) if alignment is None else alignment),
            defects=tuple(defects),
            emphases=tuple(emphases),
        )

    return make


@pytest.fixture
def with_hole():
    """Return a factory of quality maps that are perfect but for one box."""

    def make(height: int, width: int, box: tuple[int, int, int, int], value: float = 0.0) -> Tensor:
        quality = torch.ones(height, width)
        quality[box[0] : box[2], box[1] : box[3]] = value
        return quality

    return make


@pytest.fixture
def judged(assessment):
    """Return a factory of assess functions: one quality map always, and scores by the call."""

    def make(quality, *sums, defects=(), alignment=None):
        calls = []

        def assess(pixels, prompt):
            total = sums[min(len(calls), len(sums) - 1)]
            calls.append(pixels.clone())
            return assessment(quality, alignment, p=total / 2, a=total / 2, defects=defects)

        assess.calls = calls
        return assess

    return make


MERGES = 500
"""Of the tokenizer; CLIP has 48894."""


@cache
def make_tokenizer():
    """Return CLIP's tokenizer with its first merges only; the file is the one that open_clip ships."""
    from transformers import CLIPTokenizer

    spec = importlib.util.find_spec("open_clip")
    if spec is None:
        pytest.skip("needs open_clip for its list of merges")
    with gzip.open(Path(spec.origin).parent / "bpe_simple_vocab_16e6.txt.gz", "rt", encoding="utf-8") as lines:
        merges = [tuple(line.split()) for line in islice(lines, 1, MERGES + 1)]
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    symbols = [*map(chr, shown), *(chr(256 + place) for place in range(len(hidden)))]
    tokens = [*symbols, *(symbol + "</w>" for symbol in symbols), *map("".join, merges)]
    vocabulary = {token: place for place, token in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=77)


def make_text_encoder(kind, *, width=32):
    import transformers

    tokenizer = make_tokenizer()
    config = transformers.CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=64,
        projection_dim=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
    )
    return getattr(transformers, kind)(config).eval()


def make_unet(*, xl, channels):
    import diffusers

    extra = {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 80,
        "transformer_layers_per_block": (1, 2),
    }
    return diffusers.UNet2DConditionModel(
        sample_size=16,
        in_channels=channels,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(32, 64),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 4),
        cross_attention_dim=64 if xl else 32,
        norm_num_groups=8,
        use_linear_projection=xl,
        **(extra if xl else {}),
    ).eval()


def make_vae():
    import diffusers

    return diffusers.AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(32,) * 4,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=128,
        force_upcast=False,
    ).eval()


def make_scheduler():
    import diffusers

    return diffusers.EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1, timestep_spacing="trailing"
    )


def make_pipeline(name="StableDiffusionXLInpaintPipeline", *, channels=9, **parts):
    """Return a pipeline of a class of diffusers; `parts` are further components."""
    import diffusers

    torch.manual_seed(5)
    xl = "XL" in name
    parts |= {
        "vae": make_vae(),
        "unet": make_unet(xl=xl, channels=channels),
        "scheduler": make_scheduler(),
        "text_encoder": make_text_encoder("CLIPTextModel"),
        "tokenizer": make_tokenizer(),
    }
    if xl:
        parts |= {
            "text_encoder_2": make_text_encoder("CLIPTextModelWithProjection"),
            "tokenizer_2": make_tokenizer(),
        }
    else:
        parts |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    pipe = getattr(diffusers, name)(**parts)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.fixture(scope="session")
def build_pipeline():
    """Return a factory of tiny SD and SDXL pipelines with text encoders and a real tokenizer, without any download."""
    pytest.importorskip("diffusers")
    return make_pipeline

from .cask_effect import cask as cask
from .checks import (
    check_images as check_images,
    check_map as check_map,
    check_output_folder as check_output_folder,
    check_prompt as check_prompt,
)
from .correlation import Correlation as Correlation, correlate as correlate
from .device import pick_device as pick_device, pick_dtype as pick_dtype
from .encoder import Encoder as Encoder, load_encoder as load_encoder
from .errors import InputError as InputError, WeightsError as WeightsError
from .files import write_atomically as write_atomically
from .images import (
    ImageInput as ImageInput,
    Picture as Picture,
    as_pixels as as_pixels,
    fit_size as fit_size,
    from_pil as from_pil,
    read_image as read_image,
    resize as resize,
    to_pil as to_pil,
    write_image as write_image,
)
from .maps import heat as heat, overlay as overlay, tokens_to_map as tokens_to_map, union as union
from .presets import Preset as Preset, load_preset as load_preset, preset_entries as preset_entries
from .records import (
    Assessment as Assessment,
    Defect as Defect,
    DiffusionPack as DiffusionPack,
    Emphasis as Emphasis,
    ImageFeatures as ImageFeatures,
    ParserPack as ParserPack,
    QualityMap as QualityMap,
    TextConditioner as TextConditioner,
)
from .weights import WeightsFile as WeightsFile, load_tensors as load_tensors

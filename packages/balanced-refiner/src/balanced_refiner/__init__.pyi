from .backend import (
    Inpainter as Inpainter,
    InpaintRequest as InpaintRequest,
    check_generated as check_generated,
    check_request as check_request,
)
from .color_match import ColorMatch as ColorMatch, match_colors as match_colors
from .crops import Window as Window, crop as crop, paste as paste, place_window as place_window
from .diffusion.conditioning import Conditioner as Conditioner, TextStates as TextStates
from .diffusion.options import DiffusionOptions as DiffusionOptions
from .diffusion.painter import DiffusersInpainter as DiffusersInpainter, PainterSettings as PainterSettings
from .diffusion.restorer import SpandrelRestorer as SpandrelRestorer
from .errors import Cancelled as Cancelled, RefineError as RefineError
from .guard import Guard as Guard, GuardDecision as GuardDecision
from .mask import (
    MaskSettings as MaskSettings,
    RepairMask as RepairMask,
    binarize as binarize,
    deficit as deficit,
    make_mask as make_mask,
)
from .planning import RepairPlan as RepairPlan, plan_repairs as plan_repairs
from .presets import (
    DIFFUSION as DIFFUSION,
    DiffusersModel as DiffusersModel,
    ModelPreset as ModelPreset,
    load_inpainter as load_inpainter,
    load_stage2 as load_stage2,
    wrap_pipeline as wrap_pipeline,
)
from .records import Refinement as Refinement, RefineSettings as RefineSettings, Round as Round
from .refiner import BalancedRefiner as BalancedRefiner
from .regions import (
    Region as Region,
    RegionSet as RegionSet,
    RegionSettings as RegionSettings,
    find_regions as find_regions,
)
from .regions_file import regions_document as regions_document, regions_schema as regions_schema
from .stages import Repair as Repair, StagePlan as StagePlan, repaint as repaint, stage1 as stage1, stage2 as stage2
from .strength import (
    DELTA as DELTA,
    MISSING_STRENGTH as MISSING_STRENGTH,
    denoising_steps as denoising_steps,
    stage1_strength as stage1_strength,
)

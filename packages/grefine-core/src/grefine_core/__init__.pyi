from .agreement import FIGURES as FIGURES, Agreement as Agreement, measure_agreement as measure_agreement
from .batches import assess_files as assess_files
from .bootstrap import Interval as Interval, bootstrap_interval as bootstrap_interval
from .cask_effect import cask as cask
from .checks import (
    check_images as check_images,
    check_map as check_map,
    check_output_folder as check_output_folder,
    check_prompt as check_prompt,
)
from .correlation import Correlation as Correlation, correlate as correlate
from .decode_ahead import decode_ahead as decode_ahead
from .device import pick_device as pick_device, pick_dtype as pick_dtype
from .encoder import Encoder as Encoder, load_encoder as load_encoder
from .errors import InputError as InputError, WeightsError as WeightsError
from .evaluation import (
    Evaluation as Evaluation,
    evaluate as evaluate,
    result_tables as result_tables,
)
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
from .logistic import LogisticCurve as LogisticCurve, fit_logistic as fit_logistic
from .maps import heat as heat, overlay as overlay, tokens_to_map as tokens_to_map, union as union
from .picture_files import (
    count_pixels as count_pixels,
    find_pictures as find_pictures,
    mirrored as mirrored,
)
from .picture_metadata import Metadata as Metadata, read_metadata as read_metadata
from .picture_prompts import (
    EmbeddedPrompt as EmbeddedPrompt,
    embedded_prompt as embedded_prompt,
    read_prompt as read_prompt,
    sidecar_prompt as sidecar_prompt,
)
from .picture_writer import OutputPlan as OutputPlan, plan_output as plan_output
from .presets import Preset as Preset, load_preset as load_preset, preset_entries as preset_entries
from .records import (
    Assessment as Assessment,
    Defect as Defect,
    DefectKind as DefectKind,
    DiffusionPack as DiffusionPack,
    Emphasis as Emphasis,
    ImageFeatures as ImageFeatures,
    ParserPack as ParserPack,
    QualityMap as QualityMap,
    TextConditioner as TextConditioner,
)
from .result_tables import (
    Estimate as Estimate,
    ResultTable as ResultTable,
    render as render,
    render_all as render_all,
    write_results as write_results,
)
from .scatter import plot_scatter as plot_scatter
from .scored_items import (
    ScoredColumns as ScoredColumns,
    ScoredItems as ScoredItems,
    join_rows as join_rows,
    read_scored_items as read_scored_items,
)
from .significance import (
    Difference as Difference,
    WilliamsTest as WilliamsTest,
    compare_methods as compare_methods,
    williams_test as williams_test,
)
from .similarity import (
    cosine_similarity as cosine_similarity,
    remove_redundancy as remove_redundancy,
    stretch as stretch,
    stretched_maps as stretched_maps,
)
from .surgery import SurgerySettings as SurgerySettings, tower_tokens as tower_tokens
from .table_journal import JournalHeader as JournalHeader, TableJournal as TableJournal
from .table_runs import (
    Plan as Plan,
    Scored as Scored,
    in_order as in_order,
    journalled as journalled,
    make_plan as make_plan,
)
from .tables import Row as Row, printable as printable, read_table as read_table, write_table as write_table
from .weights import WeightsFile as WeightsFile, load_tensors as load_tensors

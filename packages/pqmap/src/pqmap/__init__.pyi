from .assessor import PerceptionAssessor as PerceptionAssessor
from .bands import ReferenceScale as ReferenceScale, band_of as band_of
from .degenerate import CEILING as CEILING, FLAGS as FLAGS, find_flags as find_flags
from .dimensions import load_dimensions as load_dimensions, read_dimensions as read_dimensions
from .fitting.checkpoint import EpochResult as EpochResult
from .fitting.data import normalise_labels as normalise_labels
from .fitting.fit import FitReport as FitReport, fit_pairs as fit_pairs
from .fitting.settings import FitSettings as FitSettings
from .folders.scoring import score_batches as score_batches, score_files as score_files, table_columns as table_columns
from .functional import perceptual_quality as perceptual_quality, quality_of_features as quality_of_features
from .meaning import ScoreInfo as ScoreInfo, score_info as score_info
from .pairs import TextPairs as TextPairs, pairs_from_words as pairs_from_words
from .perception import ALPHA as ALPHA, FACTORS as FACTORS, combine_factors as combine_factors, raw_scores as raw_scores
from .prepare import Prepared as Prepared
from .presets import load as load, load_pairs as load_pairs
from .results import Perception as Perception, TokenQuality as TokenQuality

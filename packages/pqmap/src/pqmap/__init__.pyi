from .assessor import Perception as Perception, PerceptionAssessor as PerceptionAssessor, load as load
from .checkpoint import EpochResult as EpochResult
from .fit import FitReport as FitReport, fit_pairs as fit_pairs
from .fit_data import normalise_labels as normalise_labels
from .fit_settings import FitSettings as FitSettings
from .pairs import TextPairs as TextPairs, pairs_from_words as pairs_from_words
from .perception import ALPHA as ALPHA, FACTORS as FACTORS, combine_factors as combine_factors, raw_scores as raw_scores
from .presets import load_pairs as load_pairs

from .pipeline import GRefine as GRefine, Outcome as Outcome, Score as Score, load as load
from .run import check_job as check_job, refine_file as refine_file, score_file as score_file
from .settings import Settings as Settings, load_settings as load_settings

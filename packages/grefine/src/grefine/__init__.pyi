from .pipeline import GRefiner as GRefiner, load as load
from .plan import Planned as Planned, plan_file as plan_file
from .receipts import Receipt as Receipt, Replay as Replay, read_receipt as read_receipt, replay as replay
from .results import Outcome as Outcome, Score as Score
from .run import check_job as check_job, refine_file as refine_file, score_file as score_file
from .settings import Settings as Settings, load_settings as load_settings

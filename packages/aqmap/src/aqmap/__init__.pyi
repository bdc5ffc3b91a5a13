from .alignment import (
    AlignmentAssessor as AlignmentAssessor,
    alignment_score as alignment_score,
)
from .ancestors import find_ancestors as find_ancestors
from .calibration import Calibration as Calibration, calibrate as calibrate
from .defects import (
    FAILING as FAILING,
    VERDICT_STYLES as VERDICT_STYLES,
    Verdict as Verdict,
    alignment_map as alignment_map,
    judge as judge,
    pick_region as pick_region,
)
from .emphasis import emphasise as emphasise, plain_emphases as plain_emphases, render as render
from .judgeable import Reason as Reason, find_reasons as find_reasons
from .matching import Matcher as Matcher, Matches as Matches, margin as margin, match as match
from .parsing.conllu import Sentence as Sentence, read_conllu as read_conllu
from .parsing.limits import GuardedParser as GuardedParser
from .parsing.parser import (
    ParsedPrompt as ParsedPrompt,
    Parser as Parser,
    load_parser as load_parser,
    parse_prompt as parse_prompt,
    parse_prompts as parse_prompts,
)
from .parsing.tree import Token as Token, Tree as Tree
from .phrases import Phrase as Phrase, find_phrases as find_phrases
from .prepare import Prepared as Prepared
from .presets import load as load
from .prompts.prompt import Prompt as Prompt, normalise as normalise
from .reading import Reading as Reading, read_prompts as read_prompts
from .results import (
    ALIGNMENT_COLUMNS as ALIGNMENT_COLUMNS,
    Alignment as Alignment,
    PhraseResult as PhraseResult,
    UnwantedResult as UnwantedResult,
)
from .scorers.scorer import Scorer as Scorer, load_scorer as load_scorer
from .settings import AlignmentSettings as AlignmentSettings

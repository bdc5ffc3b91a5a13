from .alignment import (
    AlignmentAssessor as AlignmentAssessor,
    AlignmentSettings as AlignmentSettings,
    alignment_score as alignment_score,
    load as load,
)
from .ancestors import find_ancestors as find_ancestors
from .defects import Verdict as Verdict, alignment_map as alignment_map, judge as judge, pick_region as pick_region
from .emphasis import emphasise as emphasise, render as render
from .matching import Matcher as Matcher, Matches as Matches, match as match
from .parsing.parser import Parser as Parser, load_parser as load_parser, parse_prompt as parse_prompt
from .parsing.tree import Token as Token, Tree as Tree
from .phrases import Phrase as Phrase, find_phrases as find_phrases
from .prompts.prompt import Prompt as Prompt, normalise as normalise
from .results import Alignment as Alignment, PhraseResult as PhraseResult

"""Train, pack and measure the parser of the mini pack.

    python -m tools.parser --data DATA --work RUN [--out FOLDER] [--quick]
    python -m tools.parser --data DATA --evaluate [--pack FOLDER]

The first form prepares the data, trains tokenizer, tagger and parser (the last two side by side, one
core each), writes the pack into FOLDER and measures it. It goes on from RUN's checkpoints if it was
stopped. The defaults are what the shipped weights were made with; `--quick` takes minutes and is weak.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tools.parser.treebank import treebank_folder

SEED = 1
STAGES = ("tagger", "parser")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.parser", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="the data folder (default: GREFINE_DATA)")
    parser.add_argument("--work", type=Path, help="folder for prepared data, checkpoints and logs")
    parser.add_argument("--out", type=Path, help="where the pack is written (default: RUN/pack)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--quick", action="store_true", help="a tenth of the data, a few steps: minutes, weak")
    parser.add_argument("--evaluate", action="store_true", help="only measure a pack")
    parser.add_argument("--pack", type=Path, help="the pack to measure (default: the one of grefine-mini)")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)  # one model, in a process of its own
    args = parser.parse_args()
    if not args.evaluate and args.work is None:
        parser.error("give --work, or --evaluate")
    return args


def main() -> None:
    """Do what the command line says."""
    args = arguments()
    treebank = treebank_folder(args.data)
    if args.evaluate:
        evaluate(args.pack or shipped_pack(), treebank.parent)
    elif args.stage:
        train_stage(args, treebank)
    else:
        train_all(args, treebank)


def shipped_pack() -> Path:
    """Return the folder of the installed mini pack's parser."""
    from grefine_mini.files import WEIGHTS

    return WEIGHTS / "parser"


def evaluate(pack: Path, data: Path) -> None:
    """Print the accuracies and the speed of a pack, on one thread."""
    import torch

    from tools.parser.evaluation import report

    torch.set_num_threads(1)
    report(pack, data)


def train_all(args: argparse.Namespace, treebank: Path) -> None:
    """Prepare, train all three models, pack, measure."""
    from tools.mini.fit import write_manifest
    from tools.parser.models import TOKENIZER_STEPS
    from tools.parser.packing import pack
    from tools.parser.prepare import Amount, prepare
    from tools.parser.tokenizer import train_tokenizer

    prepare(treebank, args.work, Amount.quick() if args.quick else Amount(), args.seed)
    command = [sys.executable, "-m", "tools.parser", "--data", str(treebank.parent), "--work", str(args.work)]
    command += ["--seed", str(args.seed), *(["--quick"] if args.quick else [])]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    jobs = [subprocess.Popen([*command, "--stage", stage], env=environment) for stage in STAGES]
    codes = [job.wait() for job in jobs]
    if any(codes):
        raise SystemExit("Training stopped with an error; start the same command again to go on.")
    steps, every = (TOKENIZER_STEPS // 5, 10) if args.quick else (TOKENIZER_STEPS, 1)
    train_tokenizer(treebank, args.work, steps=steps, seed=args.seed, every=every)
    out = args.out or args.work / "pack"
    pack(args.work, treebank, out)
    if out.resolve() == shipped_pack().resolve():
        write_manifest(out.parent)
    evaluate(out, treebank.parent)


def train_stage(args: argparse.Namespace, treebank: Path) -> None:
    """Train one model."""
    import torch

    from tools.parser import models
    from tools.parser.prepare import Amount
    from tools.parser.training import Run
    from tools.parser.vectors import pretrain, read_glove

    torch.set_num_threads(1)
    amount = Amount.quick() if args.quick else Amount()
    vectors = pretrain(*read_glove(treebank / "glove50-25k.txt.xz"))
    kind = models.TaggerTask if args.stage == "tagger" else models.ParserTask
    schedule = models.TAGGER_SCHEDULE if args.stage == "tagger" else models.PARSER_SCHEDULE
    task = kind(args.work, amount.draws, vectors, args.seed)
    Run(task, schedule.quick() if args.quick else schedule, args.work / args.stage, args.seed).train()


if __name__ == "__main__":
    main()

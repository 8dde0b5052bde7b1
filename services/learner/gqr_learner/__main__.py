"""`python -m gqr_learner <command> --job <folder>/job.json`: see worker.py for the protocol and README.md for the commands."""

import argparse
import importlib
import os
import sys
from pathlib import Path

COMMANDS: dict[str, tuple[str, str]] = {
    "evaluate-ctr": ("gqr_learner.ctr.evaluation.command", "train a click predictor and judge it on days that it has not seen"),
    "evaluate-table2": ("gqr_learner.ctr.evaluation.table2", "train and judge the nine click predictors of the paper's Table 2"),
    "judge-agreement": ("gqr_learner.judge.agreement", "say how far the judge agrees with people, on panes of MIMICS"),
    "judge-lists": ("gqr_learner.judge.command", "judge lists by relatedness and semantic exclusivity"),
    "train-ctr": ("gqr_learner.ctr.command", "train the click predictor on logged impressions and export it to ONNX"),
    "serve-rollout": ("gqr_learner.rollout.command", "serve the base model and its adapters over vLLM's gRPC, for bulk generation"),
    "lint-instances": ("gqr_learner.sft.lint", "say what is wrong with written instances, with the figures of their data card"),
    "train-sft": ("gqr_learner.sft.train", "fit a policy to written instances and export it for PEFT and llama.cpp"),
}
"""Commands by name, each with its module and what it does. The module has a config dataclass `Config` and `run(job, worker)`."""


def parse(arguments: list[str]) -> argparse.Namespace:
    """Reads the command line; --help of a command lists its config, which needs its module and so takes a moment."""
    parser = argparse.ArgumentParser(prog="gqr_learner", description="The gradient steps of GQR. See README.md for the protocol.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, (module, summary) in COMMANDS.items():
        epilog = ""
        if name in arguments and {"-h", "--help"} & set(arguments):
            from gqr_learner.config import describe

            epilog = "config of the job:\n" + describe(importlib.import_module(module).Config)
        command = commands.add_parser(
            name, help=summary, description=summary, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        command.add_argument("--job", type=Path, required=True, help="the job file")
    return parser.parse_args(arguments)


def main() -> int:
    """Runs the command that the command line names."""
    arguments = parse(sys.argv[1:])
    # Set before any library reads them: forked tokenizer threads and downloads have no place in a worker.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TQDM_DISABLE", "1")
    # A thread that waits actively for one that has no core just now keeps the core from it.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    module_name, _ = COMMANDS[arguments.command]

    from gqr_learner import worker

    # The libraries are imported under the protocol too: what they print must not reach standard output, and a parent that dies
    # while they load must be noticed.
    return worker.run(lambda job, line: importlib.import_module(module_name).run(job, line), arguments.job)


if __name__ == "__main__":
    sys.exit(main())

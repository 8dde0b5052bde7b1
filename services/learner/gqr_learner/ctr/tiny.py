"""Makes the fixtures by which the tests of training and of serving hold each other to the same numbers.

    python -m gqr_learner.ctr.tiny ../ctr/test/fixtures

Small networks, one a variant and one a backbone, trained on made-up clicks, with what PyTorch says of their golden rows; odd texts
with their token ids; digests of the token ids of many more; and inputs built of such texts.
Everything is seeded, so that on one machine the same versions write the same files.
"""

import argparse
import json
import shutil
import sys
import tempfile
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gqr_learner.ctr import command
from gqr_learner.ctr.backbones import BACKBONES
from gqr_learner.ctr.golden import CASES
from gqr_learner.ctr.impressions import Impression
from gqr_learner.ctr.input import VARIANTS, CtrInput, InputSpec, Sources, builder_of
from gqr_learner.ctr.instances import pack
from gqr_learner.ctr.model import WEIGHTS, load_weights
from gqr_learner.ctr.synthetic import World, write_parquet
from gqr_learner.ctr.vocabulary import encoder, load_tokenizer
from gqr_learner.worker import Job, Worker

SEED = 3
MODELS: dict[str, dict[str, Any]] = {
    **{variant: {"variant": variant} for variant in VARIANTS},
    **{backbone: {"backbone": backbone, "embedding": 4, "vocabulary": 1200} for backbone in BACKBONES if backbone != "bert"},
}
"""Changes of CONFIG by the end of a model's name."""
TOKENIZERS = {"bert": "tiny-ctx", "roberta": "tiny-roberta", "albert": "tiny-albert"}
"""Models whose tokenizers are those of the backbones."""
TEXTS_A_DIGEST, DIGESTS = 40, 100
SERVED = ("model.onnx", "tokenizer.json", "input.json", "golden.json")
CONFIG = {
    "layers": 2,
    "hidden": 8,
    "heads": 2,
    "intermediate": 16,
    "wordVectors": "none",
    "vocabulary": 3600,
    "maxLength": 48,
    "maxDomains": 6,
    "epochs": 2,
    "learningRate": 0.01,
    "threads": 1,
    "device": "cpu",
    "seed": SEED,
}

BLOCKS = (
    (0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x400), (0x400, 0x530), (0x590, 0x600), (0x600, 0x6FF), (0x900, 0x970),
    (0xE00, 0xE5C), (0x10A0, 0x1100), (0x1100, 0x1112), (0x1E00, 0x2000), (0x2000, 0x2070), (0x20A0, 0x20B0), (0x2100, 0x2200),
    (0x3000, 0x3100), (0x4E00, 0x4E40), (0xAC00, 0xAC40), (0xFB00, 0xFB50), (0xFE00, 0xFE10), (0xFF00, 0xFFEF), (0x20000, 0x20010),
    (0x1D400, 0x1D420),
)  # fmt: skip
"""Scripts of which odd texts are made: Latin to mathematical letters, combining marks, both directions, invisible characters."""

LATIN = "aeinrst AB.-'"

EMOJI = "🙂🙃😀👩👧🏳🌈☕🍰➡❤✅🇩🇪🇫🇷👍🏽\u200d\ufe0f"


def odd_texts(count: int) -> list[str]:
    """Texts that no user would write and some user will."""
    rng = np.random.default_rng(SEED)
    # What has been assigned since is not known to every tokenizer's tables.
    old = unicodedata.ucd_3_2_0
    blocks = [[chr(c) for c in range(*block) if old.name(chr(c), "")] for block in BLOCKS]
    texts = [text for case in CASES for text in (case.query, *case.chosen, case.candidate)]
    while len(texts) < count:
        characters = [
            rng.choice(list(EMOJI) if rng.random() < 0.1 else blocks[int(rng.integers(len(blocks)))])
            if rng.random() < 0.7
            else rng.choice(list(LATIN))
            for _ in range(int(rng.integers(1, 60)))
        ]
        texts.append("".join(characters))
    return list(dict.fromkeys(texts))


class Lcg:
    """Random numbers that any language can draw as well (Numerical Recipes' constants, modulo 2^32)."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, bound: int) -> int:
        """A number from 0 to bound - 1."""
        self._state = (self._state * 1664525 + 1013904223) % 2**32
        return (self._state >> 8) % bound


def drawn_texts(texts: list[str], count: int) -> list[str]:
    """Texts of the characters of others, a half of them Latin; the tests of services/ctr draw the same ones."""
    alphabet = sorted({character for text in texts for character in text})
    rng = Lcg(SEED)
    drawn = []
    for _ in range(count):
        length = 1 + rng.below(40)
        drawn.append("".join(_character(rng, alphabet) for _ in range(length)))
    return drawn


def _character(rng: Lcg, alphabet: list[str]) -> str:
    """The next character of a drawn text."""
    latin = rng.below(2) == 0
    return LATIN[rng.below(len(LATIN))] if latin else alphabet[rng.below(len(alphabet))]


def digest(rows: list[list[int]]) -> int:
    """FNV-1a, 32 bits, over the ids of several texts, each text followed by 2^16."""
    value = 2166136261
    for row in rows:
        for number in (*row, 2**16):
            value = ((value ^ number) * 16777619) % 2**32
    return value


def digests(folder: Path, texts: list[str]) -> list[int]:
    """Digests of the ids that a model's tokenizer gives drawn texts, TEXTS_A_DIGEST at a time."""
    encode = encoder(load_tokenizer(folder))
    drawn = drawn_texts(texts, TEXTS_A_DIGEST * DIGESTS)
    rows = [list(encode(text)) for text in drawn]
    return [digest(rows[first : first + TEXTS_A_DIGEST]) for first in range(0, len(rows), TEXTS_A_DIGEST)]


def torch_probabilities(folder: Path) -> list[float]:
    """What PyTorch says of a model's golden rows, each alone and without padding."""
    spec = InputSpec.from_json(json.loads((folder / "input.json").read_text()))
    model = load_weights(folder / WEIGHTS, max(spec.tasks.values()) + 1).eval()
    said = []
    for row in json.loads((folder / "golden.json").read_text()):
        built = CtrInput(row["inputIds"], row["segmentIds"], row["domainIds"], spec.tasks.get(row["taskId"], spec.unknown_task))
        with torch.inference_mode():
            said.append(round(torch.sigmoid(model(*pack([built], [0]).batch([0]))).item(), 7))
    return said


def write_data(folder: Path, texts: list[str]) -> dict[str, Path]:
    """Impressions of the made-up world; those to train on also show the odd texts, so that these are in the vocabulary."""
    world = World(SEED)
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    tasks = ("suggestion", "clarification", "hint")
    odd = [Impression("suggestion", begin, text, [text, text[::-1]], [0, 1], "simulated") for text in texts]
    spans = {
        "train": [*odd, *world.impressions(600, begin, 14, 1, tasks)],
        "validation": world.impressions(150, begin + timedelta(days=14), 1, 2, tasks),
        "test": world.impressions(150, begin + timedelta(days=15), 3, 3, tasks),
    }
    for name, rows in spans.items():
        known = [replace(row, sources=Sources(f"about {row.query}", row.queries[:1], row.queries[1:])) for row in rows]
        write_parquet(known, folder / f"{name}.parquet")
    return {name: folder / f"{name}.parquet" for name in spans}


def random_inputs(tokenizer_folder: Path, texts: list[str], count: int) -> list[dict[str, Any]]:
    """Inputs of every variant, most of them too long for their limit."""
    tokenizer = load_tokenizer(tokenizer_folder)
    rng = np.random.default_rng(SEED)
    rows = []
    for number in range(count):
        spec = InputSpec(
            VARIANTS[number % len(VARIANTS)],
            int(rng.integers(8, 64)),
            int(rng.integers(2, 8)),
            {"suggestion": 1, "hint": 2},
            source_tokens=5,
        )
        builder = builder_of(spec, tokenizer)
        task = str(rng.choice(["suggestion", "hint", "other"]))
        query, candidate, *chosen = (texts[i] for i in rng.integers(len(texts), size=2 + int(rng.integers(0, 9))))
        beside = [texts[i] for i in rng.integers(len(texts), size=int(rng.integers(0, 6)))]
        sources = Sources(beside[0] * 30 if beside else "", beside[1:3], beside[3:])
        built = builder.build(task, query, chosen, candidate, sources)
        rows.append(
            {
                "spec": spec.to_json(),
                "taskId": task,
                "query": query,
                "chosen": chosen,
                "candidate": candidate,
                "answer": sources.answer,
                "history": list(sources.history),
                "cooccurrence": list(sources.cooccurrence),
                "inputIds": built.input_ids,
                "segmentIds": built.segment_ids,
                "domainIds": built.domain_ids,
                "taskNumber": built.task_id,
            }
        )
    return rows


def _write_lines(path: Path, rows: list[Any]) -> None:
    """One row a line, so that a change shows in a diff."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=True, separators=(",", ":")) for row in rows)
    path.write_text(f"[\n{lines}\n]\n", encoding="ascii")


def _write_json(path: Path, value: object) -> None:
    path.write_text(f"{json.dumps(value)}\n", encoding="ascii")


def main() -> None:
    """Writes all fixtures into the folder that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    target: Path = parser.parse_args().folder
    texts = odd_texts(400)
    with tempfile.TemporaryDirectory() as temporary:
        inputs = write_data(Path(temporary), texts)
        said = {}
        for name, changes in MODELS.items():
            out = Path(temporary) / name
            command.run(Job({**CONFIG, **changes}, inputs, out, "fixture"), Worker(sys.stderr))
            said[f"tiny-{name}"] = torch_probabilities(out)
            folder = target / f"tiny-{name}"
            folder.mkdir(parents=True, exist_ok=True)
            for file in SERVED:
                shutil.copyfile(out / file, folder / file)
    tokenizer = load_tokenizer(target / "tiny-ctx")
    encode = encoder(tokenizer)
    _write_lines(target / "texts.json", [{"text": text, "ids": list(encode(text))} for text in texts])
    _write_json(target / "torch.json", said)
    _write_json(target / "digests.json", {name: digests(target / folder, texts) for name, folder in TOKENIZERS.items()})
    _write_lines(target / "inputs.json", random_inputs(target / "tiny-ctx", texts, 120))


if __name__ == "__main__":
    main()

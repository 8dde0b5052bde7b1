"""Rendered instances as token ids."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gqr_learner.worker import LearnerError

SPLITS = ("train", "validation", "test")

IGNORED = -100
"""Label that PyTorch's cross-entropy leaves out."""


@dataclass(frozen=True)
class Example:
    """A prompt and the response to it, tokenised."""

    input_ids: list[int]
    """The prompt's tokens and then the response's."""
    labels: list[int]
    """The response's tokens at their places and IGNORED at the prompt's: the loss is taken on the response alone (Eq. 1)."""


def read_instances(path: Path) -> list[dict[str, str]]:
    """Reads JSON lines with `split`, `prompt` and `response`, as the generation service renders them.

    Raises:
        LearnerError: naming the line that is no such record.
    """
    instances: list[dict[str, str]] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                record = json.loads(line)
                missing = [
                    key for key in ("split", "prompt", "response") if not isinstance(record.get(key), str) or not record[key]
                ]
            except (ValueError, AttributeError) as error:
                raise LearnerError(f"{path}:{number}: is not a JSON object: {error}", "write one JSON object a line") from error
            if missing or record["split"] not in SPLITS:
                problem = f"lacks {', '.join(missing)}" if missing else f"has split {record['split']!r}"
                raise LearnerError(f"{path}:{number}: {problem}", f"give prompt, response and a split of {', '.join(SPLITS)}")
            instances.append(record)
    return instances


def tokenise(instances: list[dict[str, str]], tokenizer: Any, max_tokens: int) -> list[Example]:
    """Tokenises prompts and responses apart, as the serving side does, so that no token spans their border.

    Raises:
        LearnerError: if an instance is longer than `max_tokens`.
    """
    examples: list[Example] = []
    for instance in instances:
        prompt = tokenizer(instance["prompt"], add_special_tokens=False)["input_ids"]
        response = tokenizer(instance["response"], add_special_tokens=False)["input_ids"]
        if len(prompt) + len(response) > max_tokens:
            reason = f"an instance has {len(prompt) + len(response)} tokens, more than {max_tokens}"
            raise LearnerError(reason, "raise maxTokens, or lower the token budgets of the task file")
        examples.append(Example(prompt + response, [IGNORED] * len(prompt) + response))
    return examples

import dataclasses

import pytest

from gqr_learner.config import ConfigError, describe, option, read_config, to_json


@dataclasses.dataclass(frozen=True)
class Example:
    learning_rate: float = option(0.1, "Step size", least=0.0, most=1.0)
    max_epochs: int = option(3, "Passes over the data", least=1)
    variant: str = option("ctx", "Input variant", choices=("base", "ctx"))
    use_bf16: bool = option(False, "Half precision")
    parent: str | None = option(None, "Model to start from")


def test_reads_camel_case_names_and_fills_in_defaults() -> None:
    config = read_config(Example, {"learningRate": 1, "variant": "base", "parent": "/a"})
    assert config == Example(learning_rate=1, variant="base", parent="/a")
    assert to_json(config) == {"learningRate": 1, "maxEpochs": 3, "variant": "base", "useBf16": False, "parent": "/a"}


def test_names_every_field_that_is_wrong() -> None:
    wrong = {"learningRate": 2, "maxEpochs": True, "variant": "fancy", "useBf16": "yes", "depth": 1}
    with pytest.raises(ConfigError) as caught:
        read_config(Example, wrong)
    assert str(caught.value) == (
        "the config is wrong: depth: there is no such field; learningRate: must be at most 1.0, not 2; "
        "maxEpochs: must be int, not True; variant: must be one of base, ctx, not 'fancy'; useBf16: must be bool, not 'yes'"
    )


def test_describes_every_field() -> None:
    assert "  learningRate = 0.1\n      Step size" in describe(Example)

"""Configuration of a command: a frozen dataclass whose every field has a help text, read strictly from a job's JSON."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

C = TypeVar("C")


class ConfigError(Exception):
    """A job's config does not fit the command; the message names every field that is wrong."""


def option(
    default: Any, help: str, *, least: float | None = None, most: float | None = None, choices: tuple[str, ...] | None = None
) -> Any:
    """A field of a config dataclass. `least` and `most` are inclusive bounds; `choices` are the values that a string may have."""
    return dataclasses.field(default=default, metadata={"help": help, "least": least, "most": most, "choices": choices})


def json_name(name: str) -> str:
    """A field's name in JSON: learning_rate is learningRate."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _problem(field: "dataclasses.Field[Any]", hint: Any, value: Any) -> str | None:
    """What is wrong with a value, if anything."""
    accepted = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if float in accepted:
        accepted = (*accepted, int)
    if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted):
        return f"must be {' or '.join(kind.__name__ for kind in accepted)}, not {value!r}"
    least, most, choices = (field.metadata[key] for key in ("least", "most", "choices"))
    if least is not None and value is not None and value < least:
        return f"must be at least {least}, not {value}"
    if most is not None and value is not None and value > most:
        return f"must be at most {most}, not {value}"
    if choices is not None and value not in choices:
        return f"must be one of {', '.join(choices)}, not {value!r}"
    return None


def read_config(config_class: type[C], values: Mapping[str, Any]) -> C:
    """Makes a config from JSON values.

    Raises:
        ConfigError: naming every field that is unknown or has a wrong value.
    """
    hints = typing.get_type_hints(config_class)
    fields = {json_name(field.name): field for field in dataclasses.fields(config_class)}  # type: ignore[arg-type]
    problems = [f"{name}: there is no such field" for name in values if name not in fields]
    known: dict[str, Any] = {}
    for name, value in values.items():
        field = fields.get(name)
        if field is None:
            continue
        problem = _problem(field, hints[field.name], value)
        if problem is not None:
            problems.append(f"{name}: {problem}")
        known[field.name] = value
    if problems:
        raise ConfigError("the config is wrong: " + "; ".join(problems))
    return config_class(**known)


def to_json(config: Any) -> dict[str, Any]:
    """A config as it would stand in a job."""
    return {json_name(field.name): getattr(config, field.name) for field in dataclasses.fields(config)}


def describe(config_class: type[Any]) -> str:
    """Every field with its default and its help text, for --help."""
    return "\n".join(
        f"  {json_name(field.name)} = {field.default!r}\n      {field.metadata['help']}"
        for field in dataclasses.fields(config_class)
    )

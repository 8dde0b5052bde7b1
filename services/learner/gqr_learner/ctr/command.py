"""train-ctr: logged impressions in, a click predictor that can serve out."""

import dataclasses
import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from gqr_learner import checkpoint
from gqr_learner.config import ConfigError, read_config, to_json
from gqr_learner.ctr.calibration import calibrate_by_task
from gqr_learner.ctr.config import CtrConfig
from gqr_learner.ctr.export import check_parity, export_onnx, open_session, run_session
from gqr_learner.ctr.golden import CASES, golden_rows
from gqr_learner.ctr.impressions import Impressions, check_order, read_impressions
from gqr_learner.ctr.input import InputBuilder, InputSpec
from gqr_learner.ctr.instances import Instances, build_instances, pack
from gqr_learner.ctr.metrics import baselines, calibration_error, logloss, logloss_error, measure
from gqr_learner.ctr.model import WEIGHTS, Architecture, CtrModel, load_weights, save_weights
from gqr_learner.ctr.training import State, Training, predict
from gqr_learner.ctr.vocabulary import CLS, SEP, encoder, load_tokenizer, special_id, train_tokenizer
from gqr_learner.ctr.word_vectors import COMMON_WORDS, start_from, teach
from gqr_learner.sentence_encoder import SentenceEncoder
from gqr_learner.worker import Job, LearnerError, Worker

Config = CtrConfig

SPANS = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True)
class Start:
    """What a training starts from."""

    tokenizer: Tokenizer
    spec: InputSpec
    model: CtrModel


def run(job: Job, worker: Worker) -> None:
    """Trains, evaluates on later days, exports, proves the export, and only then says that the model is there."""
    config = read_config(CtrConfig, job.config)
    if config.hidden % config.heads != 0:
        raise ConfigError(f"the config is wrong: heads: must divide hidden ({config.hidden}), but is {config.heads}")
    torch.set_num_threads(config.threads or max(1, (os.cpu_count() or 1) // 2))
    torch.manual_seed(config.seed)

    spans = [_read(job, name, step, worker) for step, name in enumerate(SPANS)]
    check_order(*spans)
    train, _, test = spans
    start = _from_parent(config, job.input("parent"), train) if config.init == "parent" else _from_scratch(config, train, worker)
    encode = encoder(start.tokenizer)
    builder = InputBuilder(start.spec, special_id(start.tokenizer, CLS), special_id(start.tokenizer, SEP), encode)
    train_set, validation_set, test_set = (_prepare(span, builder, worker) for span in spans)

    model = start.model.to(_device(config))
    inputs = [job.input(name) for name in (*SPANS, *(["parent"] if config.init == "parent" else []))]
    folder = checkpoint.claim(job.out, checkpoint.fingerprint(to_json(config), inputs))
    state = Training(config, model, train_set, validation_set, folder, worker).run()

    uncalibrated = calibration_error(test.labels(), predict(model, test_set))
    _calibrate(model, validation_set)
    predictions = predict(model, test_set, lambda done: _step(worker, "evaluate", done, len(test_set)))
    metrics: dict[str, Any] = {
        "test": {
            "model": measure(test, predictions),
            "baselines": {
                name: {**measure(test, guess), "loglossDifferenceError": logloss_error(test, predictions, guess)}
                for name, guess in baselines(train, test).items()
            },
        },
        "calibration": {
            "errorBefore": uncalibrated,
            "scale": dict(zip(["unknown", *start.spec.tasks], model.calibration_scale.tolist(), strict=True)),
            "shift": dict(zip(["unknown", *start.spec.tasks], model.calibration_shift.tolist(), strict=True)),
        },
        "training": _training_metrics(state),
        "validationLogloss": logloss(validation_set.labels, predict(model, validation_set)),
        "instances": {span.name: len(span.labels()) for span in spans},
        "impressions": {span.name: len(span.rows) for span in spans},
        "traffic": train.traffic(),
    }
    metrics["parity"] = _write_model(job.out, start, model.cpu().eval(), builder, test_set, config.seed, worker)
    report = {
        "command": "train-ctr",
        "config": {**to_json(config), "learningRate": config.step_size()},
        "codeVersion": job.code_version,
        "spans": {span.name: {"start": _moment(span, 0), "end": _moment(span, -1)} for span in spans},
        "metrics": metrics,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in ("torch", "transformers", "onnx")}},
    }
    _write_json(job.out / "report.json", report)
    worker.result(metrics, ["model.onnx", "tokenizer.json", "input.json", "golden.json", WEIGHTS, "report.json"])
    checkpoint.discard(job.out)


def _calibrate(model: CtrModel, validation: Instances) -> None:
    probabilities = np.clip(predict(model, validation), 1e-7, 1 - 1e-7)
    logits = np.log(probabilities) - np.log1p(-probabilities)
    scale, shift = calibrate_by_task(logits, validation.labels, validation.tasks, model.architecture.tasks)
    model.calibrate(*(torch.from_numpy(values).to(model.calibration_scale) for values in (scale, shift)))


def _read(job: Job, name: str, step: int, worker: Worker) -> Impressions:
    _step(worker, "read", step, len(SPANS), "files", name)
    return read_impressions(job.input(name), name)


def _from_scratch(config: CtrConfig, train: Impressions, worker: Worker) -> Start:
    texts = list(train.texts())
    teacher = SentenceEncoder() if config.word_vectors == "pretrained" else None
    # Twice: what occurs once makes no token. Words of the log come more often, so they are learnt first.
    common = teacher.common_words(COMMON_WORDS) * 2 if teacher is not None else []
    total = len(texts) + len(common)
    count = iter(range(total))
    tokenizer = train_tokenizer(
        [*texts, *common], config.vocabulary, lambda: _step(worker, "vocabulary", next(count), total, "texts")
    )
    tasks = {task: number for number, task in enumerate(train.tasks(), start=1)}
    spec = InputSpec(config.variant, config.max_length, config.max_domains, tasks)
    architecture = Architecture(
        layers=config.layers,
        hidden=config.hidden,
        heads=config.heads,
        intermediate=config.intermediate,
        dropout=config.dropout,
        vocabulary=tokenizer.get_vocab_size(),
        max_length=config.max_length,
        max_domains=config.max_domains,
        tasks=len(tasks) + 1,
        match=0 if config.word_vectors == "none" else config.word_width,
    )
    model = CtrModel(architecture)
    if model.match is not None and teacher is not None:
        teach(model.match, tokenizer, teacher, texts, config.seed, lambda *told: _step(worker, *told))
    elif model.match is not None:
        start_from(model.match, tokenizer, None, texts)
    model.start_at(float(train.labels().mean()))
    return Start(tokenizer, spec, model)


def _from_parent(config: CtrConfig, folder: Path, train: Impressions) -> Start:
    """Keeps the parent's tokenizer, weights, sizes and task ids; tasks that it does not know get ids of their own."""
    try:
        parent = InputSpec.from_json(json.loads((folder / "input.json").read_text(encoding="utf-8")))
        tokenizer = load_tokenizer(folder)
        tasks = dict(parent.tasks)
        for task in train.tasks():
            tasks.setdefault(task, max(tasks.values(), default=0) + 1)
        model = load_weights(folder / WEIGHTS, max(tasks.values()) + 1)
    except Exception as error:  # the libraries that read these files raise whatever they like
        raise LearnerError(
            f"the parent model in {folder} cannot be used: {error}",
            f"it must be a model made by train-ctr, with input.json, tokenizer.json and {WEIGHTS}; or train from scratch",
        ) from error
    if parent.variant != config.variant:
        raise LearnerError(
            f'the parent model reads input "{parent.variant}", the config says "{config.variant}"',
            "set variant to the parent's, or train from scratch",
        )
    return Start(tokenizer, dataclasses.replace(parent, tasks=tasks), model)


def _prepare(span: Impressions, builder: InputBuilder, worker: Worker) -> Instances:
    total = len(span.rows)
    count = iter(range(total))
    return build_instances(span, builder, lambda: _step(worker, "prepare", next(count), total, "lists", span.name))


def _device(config: CtrConfig) -> torch.device:
    available = torch.cuda.is_available()
    if config.device == "cuda" and not available:
        raise LearnerError("device is cuda, but there is no GPU that PyTorch can use", 'set device to "auto" or "cpu"')
    return torch.device("cuda" if available and config.device != "cpu" else "cpu")


def _write_model(
    out: Path, start: Start, model: CtrModel, builder: InputBuilder, test: Instances, seed: int, worker: Worker
) -> dict[str, float]:
    """Writes the files of the model and returns what the parity check found."""
    tasks = [*sorted(start.spec.tasks), "a task that came later"]
    named = [(tasks[number % len(tasks)], case) for number, case in enumerate(CASES)]
    inputs = [builder.build(task, case.query, case.chosen, case.candidate) for task, case in named]
    golden = pack(inputs, [0] * len(inputs))

    _step(worker, "export", 0, 1, "models")
    everything = golden.batch(range(len(golden)))
    export_onnx(model, everything, out / "model.onnx")
    session = open_session(out / "model.onnx")
    difference = check_parity(model, session, [golden, test], seed)
    probabilities = run_session(session, everything)

    start.tokenizer.save(str(out / "tokenizer.json"))
    _write_json(out / "input.json", start.spec.to_json())
    _write_json(out / "golden.json", golden_rows([task for task, _ in named], inputs, probabilities, CASES))
    save_weights(model, out / WEIGHTS)
    _step(worker, "export", 1, 1, "models")
    return {"largestDifference": difference}


def _training_metrics(state: State) -> dict[str, Any]:
    return {
        "epochs": state.epoch,
        "bestEpoch": state.best_epoch,
        "steps": state.step,
        "seconds": round(state.seconds, 1),
        "history": state.history,
    }


def _step(worker: Worker, stage: str, done: int, total: int, unit: str = "instances", message: str = "") -> None:
    worker.check()
    worker.progress(stage, done, total, unit, message)


def _moment(span: Impressions, index: int) -> str:
    return span.rows[index].occurred_at.astimezone(UTC).isoformat()


def _write_json(path: Path, value: Mapping[str, Any] | list[Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n", encoding="utf-8")

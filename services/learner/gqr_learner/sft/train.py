"""`train-sft`: fits a LoRA adapter to written instances by cross-entropy on the response alone (paper section 3.1, Eq. 1)."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer

from gqr_learner import checkpoint
from gqr_learner.base_model import frozen_dtype, load_base_model, sha256_of
from gqr_learner.config import option, read_config, to_json
from gqr_learner.gguf_adapter import write_gguf_adapter
from gqr_learner.sft.data import IGNORED, Example, read_instances, tokenise
from gqr_learner.worker import Job, LearnerError, Stopped, Worker


@dataclass(frozen=True)
class Config:
    """Config of `train-sft`."""

    task: str = option("", "Task that the policy is for; recorded beside it")
    epochs: float = option(3.0, "Passes over the training instances", least=0.01, most=100)
    learning_rate: float = option(3e-4, "Peak learning rate of AdamW; cosine decay to zero", least=1e-7, most=1e-1)
    warmup_fraction: float = option(0.1, "Share of the steps over which the learning rate rises", least=0, most=0.9)
    batch_size: int = option(8, "Instances a step", least=1, most=1024)
    rank: int = option(16, "Rank of the adapter", least=1, most=256)
    alpha: int = option(32, "Scale of the adapter is alpha / rank", least=1, most=1024)
    dropout: float = option(0.05, "Dropout before the adapter", least=0, most=0.9)
    targets: str = option("q_proj,k_proj,v_proj,o_proj", "Modules that are adapted, with commas between")
    max_tokens: int = option(768, "Longest instance; a longer one is an error", least=16, most=32768)
    base_dtype: str = option(
        "auto",
        "Precision of the frozen base model; the adapter is float32. auto: bfloat16 where the hardware multiplies it, else float32",
        choices=("auto", "bfloat16", "float32"),
    )
    checkpoint_steps: int = option(25, "Steps between checkpoints", least=1, most=100000)
    seed: int = option(1, "Seed of the adapter's start and of the order of instances", least=0)


class ResponseOnlyTrainer(SFTTrainer):  # type: ignore[misc]
    """TRL's trainer, with logits for the response's tokens only.

    The loss is the same; but of some 250 tokens only 30 are the response's, and with a vocabulary of 49k the logits of the others
    would cost a fifth of the time and most of the memory.
    """

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """Mean cross-entropy over the response's tokens of the batch."""
        labels = inputs["labels"][:, 1:]
        wanted = labels != IGNORED
        causal = model.get_base_model() if hasattr(model, "get_base_model") else model
        hidden = causal.model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).last_hidden_state[:, :-1]
        logits = causal.lm_head(hidden[wanted])
        total = torch.nn.functional.cross_entropy(logits.float(), labels[wanted], reduction="sum")
        loss = total / (num_items_in_batch if num_items_in_batch is not None else wanted.sum())
        return (loss, {"logits": logits}) if return_outputs else loss


class Reporter(TrainerCallback):  # type: ignore[misc]
    """Tells the worker's line of every step, and stops when it is told to."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.loss = math.nan
        self.stopped = False

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """After each optimiser step."""
        message = "" if math.isnan(self.loss) else f"loss {self.loss:.3f}"
        self._worker.progress("train", state.global_step, state.max_steps, "steps", message)
        try:
            self._worker.check()
        except Stopped:
            # The trainer writes its checkpoint first; `run` raises afterwards.
            self.stopped = True
            control.should_save = True
            control.should_training_stop = True

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Keeps the latest loss."""
        self.loss = (logs or {}).get("loss", self.loss)


def _dataset(examples: list[Example]) -> Dataset:
    return Dataset.from_dict({"input_ids": [e.input_ids for e in examples], "labels": [e.labels for e in examples]})


def _mean_loss(trainer: SFTTrainer, split: str, examples: list[Example], worker: Worker) -> float | None:
    """Mean cross-entropy a response token, in nats; None without examples."""
    if not examples:
        return None
    model, total, tokens = trainer.model, 0.0, 0
    model.eval()
    with torch.no_grad():
        for number, example in enumerate(examples, start=1):
            worker.check()
            ids = torch.tensor([example.input_ids], device=model.device)
            labels = torch.tensor([example.labels], device=model.device)
            count = int((labels[:, 1:] != IGNORED).sum())
            inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}
            total += float(trainer.compute_loss(model, inputs)) * count
            tokens += count
            worker.progress("evaluate", number, len(examples), "instances", split)
    return total / tokens


def run(job: Job, worker: Worker) -> None:
    """Trains, exports for PEFT and llama.cpp, and reports the losses by split."""
    config = read_config(Config, job.config)
    base_path, instances_path = job.input("baseModel"), job.input("instances")
    worker.progress("load", 0, 1, "models", "reading the base model")
    instances = read_instances(instances_path)
    tokenizer, model = load_base_model(base_path, frozen_dtype(config.base_dtype))
    splits = {
        split: tokenise([i for i in instances if i["split"] == split], tokenizer, config.max_tokens)
        for split in ("train", "validation", "test")
    }
    if not splits["train"]:
        raise LearnerError(f"{instances_path} has no instance of split train", "mark most instances as train")
    owner = checkpoint.fingerprint(to_json(config), [instances_path, base_path])
    states = checkpoint.claim(job.out, owner)
    reporter = Reporter(worker)
    trainer = ResponseOnlyTrainer(
        model=model,
        processing_class=tokenizer,
        train_dataset=_dataset(splits["train"]),
        peft_config=LoraConfig(
            r=config.rank,
            lora_alpha=config.alpha,
            lora_dropout=config.dropout,
            target_modules=[name.strip() for name in config.targets.split(",") if name.strip()],
            task_type="CAUSAL_LM",
        ),
        callbacks=[reporter],
        args=SFTConfig(
            output_dir=str(states),
            num_train_epochs=config.epochs,
            learning_rate=config.learning_rate,
            warmup_steps=config.warmup_fraction,  # below 1 it is a share of all steps
            lr_scheduler_type="cosine",
            per_device_train_batch_size=config.batch_size,
            max_length=None,
            dataset_kwargs={"skip_prepare_dataset": True},
            gradient_checkpointing=False,
            # Batches of like length: padding would cost as much as text.
            train_sampling_strategy="group_by_length",
            save_steps=config.checkpoint_steps,
            save_total_limit=1,
            logging_steps=1,
            seed=config.seed,
            use_cpu=not torch.cuda.is_available(),
            bf16=torch.cuda.is_available(),
            fp16=False,
            report_to=[],
            disable_tqdm=True,
        ),
    )
    worker.progress("load", 1, 1, "models")
    latest = any(states.glob("checkpoint-*"))
    trainer.train(resume_from_checkpoint=latest or None)
    if reporter.stopped:
        raise Stopped
    if not math.isfinite(reporter.loss):
        raise LearnerError("the loss is not a number", "lower learningRate")
    losses = {split: _mean_loss(trainer, split, splits[split], worker) for split in ("validation", "test")}
    files = export(trainer.model, base_path.stem, job.out)
    metrics = {
        "nllPerToken": {"train": reporter.loss, **losses},
        "instances": {split: len(examples) for split, examples in splits.items()},
        "steps": trainer.state.global_step,
        "baseModelSha256": sha256_of(base_path),
        "config": to_json(config),
    }
    checkpoint.discard(job.out)
    worker.result(metrics, files)


def export(model: Any, base_name: str, out: Path) -> list[str]:
    """Writes the adapter for PEFT and for llama.cpp; returns the names of the files, relative to `out`."""
    peft_folder = out / "peft"
    for adapter in model.peft_config.values():
        adapter.base_model_name_or_path = base_name  # not the folder of this machine where the model happened to lie
    model.save_pretrained(peft_folder)
    (peft_folder / "README.md").unlink(missing_ok=True)  # PEFT's empty model card
    base = model.get_base_model().config
    write_gguf_adapter(peft_folder, out / "adapter.gguf", heads=base.num_attention_heads, key_value_heads=base.num_key_value_heads)
    return ["adapter.gguf", *sorted(f"peft/{path.name}" for path in peft_folder.iterdir())]

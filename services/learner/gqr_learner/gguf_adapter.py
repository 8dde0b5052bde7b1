"""Writes a LoRA adapter for llama.cpp (GGUF) from one in PEFT's format: the same weights, in the order that llama.cpp expects."""

import json
import re
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from gqr_learner.worker import LearnerError

TENSORS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
"""Names of llama.cpp's tensors by PEFT's module names."""

WEIGHT = re.compile(r"base_model\.model\.model\.layers\.(\d+)\.(.+)\.lora_([AB])\.weight$")


def permute_for_rotary(rows: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Reorders the output rows of q and k: Hugging Face keeps the halves of a rotary pair apart, llama.cpp side by side."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def write_gguf_adapter(peft_folder: Path, out: Path, *, heads: int, key_value_heads: int, precision: str = "float16") -> int:
    """Converts the adapter in `peft_folder` and returns the number of tensors.

    Args:
        peft_folder: holds adapter_config.json and adapter_model.safetensors.
        out: the GGUF file to write.
        heads: attention heads of the base model.
        key_value_heads: key and value heads of the base model.
        precision: "float16" to ship, "float32" for exact comparisons.

    Raises:
        LearnerError: if the adapter changes a module that llama.cpp has no name for.
    """
    config = json.loads((peft_folder / "adapter_config.json").read_text(encoding="utf-8"))
    alpha = float(config["lora_alpha"]) * (config["r"] ** 0.5 if config.get("use_rslora") else 1.0)
    writer = gguf.GGUFWriter(str(out), "llama")
    writer.add_string(gguf.Keys.General.TYPE, gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    count = 0
    with safe_open(str(peft_folder / "adapter_model.safetensors"), "np") as weights:
        for name in sorted(weights.keys()):
            match = WEIGHT.match(name)
            if match is None or match[2] not in TENSORS:
                raise LearnerError(
                    f"the adapter has a weight that llama.cpp does not know: {name}", "adapt attention and MLP projections only"
                )
            layer, module, side = match.groups()
            tensor = weights.get_tensor(name).astype(np.float32)
            if side == "B" and module == "self_attn.q_proj":
                tensor = permute_for_rotary(tensor, heads)
            if side == "B" and module == "self_attn.k_proj":
                tensor = permute_for_rotary(tensor, key_value_heads)
            writer.add_tensor(
                f"blk.{layer}.{TENSORS[module]}.weight.lora_{side.lower()}", np.ascontiguousarray(tensor.astype(precision))
            )
            count += 1
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return count

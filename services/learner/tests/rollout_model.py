"""A tiny language model with random weights, its tokenizer and adapters, for the tests of the rollout server."""

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

END = "<|im_end|>"
TEXTS = [
    "how to reheat rice",
    "best way to freeze cooked rice",
    "rice cooker sale",
    "how long does rice last in the fridge",
    "日本語 café",
]


def tiny_tokenizer() -> Any:
    """A byte-level tokenizer of a few hundred tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=340, special_tokens=[END], initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(TEXTS * 4, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END)


def tiny_model(vocabulary: int, hidden: int = 32) -> Any:
    """A Llama of two layers whose query heads share key heads, as the real one's do."""
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        eos_token_id=0,
        tie_word_embeddings=True,
        initializer_range=0.4,
    )
    return LlamaForCausalLM(config).eval()


def save_adapter(folder: Path, vocabulary: int, seed: int, hidden: int = 32) -> Any:
    """Writes an adapter whose effect is plain to see; returns the model with it."""
    model = get_peft_model(
        tiny_model(vocabulary, hidden), LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"])
    )
    torch.manual_seed(seed)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.3)
    model.save_pretrained(str(folder))
    return model.eval()
